// Terminal colours in text that a step printed: kept for the eight that have a meaning here, dropped otherwise.

export interface Styled {
  readonly text: string;
  readonly tone: string | null;
  readonly isBold: boolean;
}

const TONES: ReadonlyMap<number, string> = new Map([
  [31, "failed"], [91, "failed"], [32, "fresh"], [92, "fresh"], [33, "stale"], [93, "stale"], [34, "running"], [94, "running"],
  [35, "retrying"], [95, "retrying"], [36, "queued"], [96, "queued"],
]);

// oxlint-disable-next-line no-control-regex
const ESCAPE = /\x1b\[([0-9;]*)m|\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b\][^\x07]*(?:\x07|\x1b\\)/g;

export function styled(text: string): readonly Styled[] {
  const out: Styled[] = [];
  let tone: string | null = null;
  let isBold = false;
  let end = 0;
  const push = (piece: string): void => {
    if (piece !== "") out.push({ text: piece, tone, isBold });
  };
  for (const match of text.matchAll(ESCAPE)) {
    push(text.slice(end, match.index));
    end = match.index + match[0].length;
    if (match[1] === undefined) continue;
    for (const code of match[1].split(";").map(Number)) {
      if (code === 0) [tone, isBold] = [null, false];
      else if (code === 1) isBold = true;
      else if (code === 39) tone = null;
      else tone = TONES.get(code) ?? tone;
    }
  }
  push(text.slice(end));
  return out;
}

/** Text as a terminal would leave it: a carriage return starts the line again, as progress bars do. */
export function settled(text: string): string {
  return text
    .split("\n")
    .map((line) => {
      const bare = line.endsWith("\r") ? line.slice(0, -1) : line;
      return bare.slice(bare.lastIndexOf("\r") + 1);
    })
    .join("\n");
}
