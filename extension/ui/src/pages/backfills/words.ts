// What a backfill makes, in a few words.

export function targetWords(backfill: { readonly assetSelection: readonly { readonly path: readonly string[] }[] | null; readonly jobName: string | null }): string {
  const keys = (backfill.assetSelection ?? []).map(({ path }) => path.join("/"));
  if (keys.length === 0) return backfill.jobName ?? "";
  return keys.length <= 3 ? keys.join(", ") : `${keys.slice(0, 2).join(", ")} and ${keys.length - 2} more`;
}
