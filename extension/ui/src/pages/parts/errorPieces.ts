// The text of an error in pieces: runs of its code lines, which are shown as code, and what stands between them.

import type { CodeLine } from "../../client/wire.gen";

export type ErrorPiece = { readonly code: readonly CodeLine[] } | { readonly text: string };

const CODE = /^\s*(>)?\s*(\d+) \| ?(.*)$/;

/** Without the lines that `known` says already. */
export function errorPieces(text: string, known: readonly string[]): readonly ErrorPiece[] {
  const pieces: ({ code: CodeLine[] } | { text: string })[] = [];
  for (const line of text.trimEnd().split("\n")) {
    const match = CODE.exec(line);
    const last = pieces.at(-1);
    if (match !== null) {
      const one = { number: Number(match[2]), text: match[3] ?? "", hit: match[1] !== undefined };
      if (last !== undefined && "code" in last) last.code.push(one);
      else pieces.push({ code: [one] });
    } else if (line.trim() !== "" && !known.includes(line.trim())) {
      if (last !== undefined && "text" in last) last.text += `\n${line}`;
      else pieces.push({ text: line });
    }
  }
  return pieces;
}
