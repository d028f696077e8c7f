// Python source in coloured pieces, line by line. Enough for reading: keywords, texts, numbers, comments, decorators, defined names.

export interface Token {
  readonly text: string;
  readonly kind: "k" | "s" | "n" | "c" | "d" | "a" | "";
}

const KEYWORDS = new Set(
  ("False None True and as assert async await break case class continue def del elif else except finally for from global if import in is " +
    "lambda match nonlocal not or pass raise return try while with yield").split(" "),
);

const PIECES =
  /(#[^\n]*)|((?:[rRbBfFuU]{0,2})(?:"""[\s\S]*?(?:"""|(?![\s\S]))|'''[\s\S]*?(?:'''|(?![\s\S]))|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))|(^[ \t]*@[\w.]+|^[ \t]*%{1,2}\w+)|(\b\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?j?\b)|([A-Za-z_]\w*)|([^\S\n]+|[^\w\s])/gm;

export function pythonLines(source: string): readonly (readonly Token[])[] {
  const lines: Token[][] = [[]];
  let before = "";
  const push = (text: string, kind: Token["kind"]): void => {
    for (const [at, piece] of text.split("\n").entries()) {
      if (at > 0) lines.push([]);
      if (piece !== "") lines.at(-1)?.push({ text: piece, kind });
    }
  };
  let end = 0;
  for (const match of source.matchAll(PIECES)) {
    if (match.index > end) push(source.slice(end, match.index), "");
    end = match.index + match[0].length;
    const [text, comment, string, decorator, number, name] = match;
    if (comment !== undefined) push(text, "c");
    else if (string !== undefined) push(text, "s");
    else if (decorator !== undefined) push(text, "a");
    else if (number !== undefined) push(text, "n");
    else if (name !== undefined) push(text, KEYWORDS.has(name) ? "k" : before === "def" || before === "class" ? "d" : "");
    else push(text, "");
    if (text.trim() !== "") before = text;
  }
  if (end < source.length) push(source.slice(end), "");
  return lines;
}
