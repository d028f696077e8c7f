// Descriptions: the little of Markdown that people use in docstrings, as elements. No HTML passes through.

import type { ComponentChildren, JSX } from "preact";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(((?:https?:\/\/|\/|\.)[^\s)]*)\)|(https?:\/\/[^\s<>)]+)/g;

export function Prose({ text }: { readonly text: string }): JSX.Element {
  const blocks = text.replaceAll("``", "`").trim().split(/\n\s*\n/);
  return (
    <div class="nb-prose">
      {blocks.map((block, at) => {
        const items = block.split(/\n\s*[-*] /);
        if (/^\s*[-*] /.test(block)) {
          return <ul key={at}>{items.map((item, i) => <li key={i}>{inline(item.replace(/^\s*[-*] /, ""))}</li>)}</ul>;
        }
        return <p key={at}>{inline(block)}</p>;
      })}
    </div>
  );
}

function inline(text: string): ComponentChildren {
  const out: ComponentChildren[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    out.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const [, code, strong, label, href, bare] = match;
    if (code !== undefined) out.push(<code>{code}</code>);
    else if (strong !== undefined) out.push(<strong>{strong}</strong>);
    else out.push(<Link href={href ?? bare ?? ""}>{label ?? bare}</Link>);
  }
  out.push(text.slice(end));
  return out;
}

export function Link({ href, children }: { readonly href: string; readonly children: ComponentChildren }): JSX.Element {
  return /^(https?:\/\/|\/|\.{1,2}\/|#)/.test(href) ? (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  ) : (
    <span>{children}</span>
  );
}
