// Launch a job or assets with a config of one's own. The form and the YAML beside it are one draft; what is wrong is said in words,
// at its line and at its field, before anything starts.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { RunAsDraftDocument } from "../client/documents/launch.gen";
import { PlacesDocument } from "../client/documents/jobs.gen";
import { Button } from "../ui/Button";
import { useLatest } from "../ui/hooks";
import { Note } from "../ui/Notes";
import { useSite } from "./frame/context";
import { PageHead } from "./frame/Frame";
import { Await, useQuery, wordsOf } from "./frame/query";
import { useGo, useRoute } from "./frame/route";
import type { Drafts, LaunchDraft } from "./launch/drafts";
import { addDraft, changeDraft, closeDraft, keepDrafts, readDrafts, titleOf } from "./launch/drafts";
import { DraftPane } from "./launch/DraftPane";

export default function Launchpad(): JSX.Element {
  const place = useRoute();
  const go = useGo();
  const { server } = useSite();
  const [drafts, setDrafts] = useState<Drafts>(readDrafts);
  const [problem, setProblem] = useState<string | null>(null);
  const query = useQuery(PlacesDocument, {}, { on: ({ other }) => other.length > 0 });
  useEffect(() => keepDrafts(drafts), [drafts]);
  const latest = useLatest(drafts);

  // What the address asks for becomes a draft; then the address is that of the launchpad again.
  useEffect(() => {
    const asked = (name: string): string => place.query.get(name) ?? "";
    const [job, location, assets, partitions, run] = [asked("job"), asked("location"), asked("assets"), asked("partitions"), asked("run")];
    if (run !== "") {
      server.ask(RunAsDraftDocument, { run }).then(
        ({ runOrError: answer }) => {
          if (answer.__typename !== "Run") setProblem("message" in answer ? String(answer.message) : "There is no such run.");
          else {
            const isJob = answer.jobName !== "" && !answer.jobName.startsWith("__");
            setDrafts((old) =>
              addDraft(withoutBlank(old), {
                job: isJob ? answer.jobName : "",
                assets: isJob ? "" : (answer.assetSelection ?? []).map(({ path }) => path.join("/")).join(", "),
                config: answer.runConfigYaml.trim() === "{}" ? "" : answer.runConfigYaml,
                partitions: answer.tags.find(({ key }) => key === "dagster/partition")?.value ?? "",
                tags: answer.tags.filter(({ key }) => !key.startsWith("dagster/") && !key.startsWith(".")).map(({ key, value }) => `${key}: ${value}`).join(", "),
              }),
            );
          }
        },
        (error: unknown) => setProblem(wordsOf(error)),
      );
      go("/launchpad", "replace");
    } else if (job !== "" || assets !== "") {
      const same = latest.current.all.find((draft) => draft.job === job && draft.assets === assets && (location === "" || draft.location === location) && draft.config === "");
      setDrafts((old) => (same === undefined ? addDraft(withoutBlank(old), { job, location, assets, partitions }) : { ...old, open: same.id }));
      go("/launchpad", "replace");
    }
  }, [place.query]);

  const open = drafts.all.find(({ id }) => id === drafts.open) ?? drafts.all[0];
  return (
    <PageHead title="Launchpad" above="Drafts stay in this browser until they are closed">
      {problem !== null && <Note state="failed" onClose={() => setProblem(null)}>{problem}</Note>}
      <DraftTabs drafts={drafts} onChange={setDrafts} />
      <Await query={query} what="jobs and assets">
        {(places) => (open === undefined ? <></> : <DraftPane key={open.id} draft={open} places={places} onChange={(next) => setDrafts((old) => changeDraft(old, open.id, next))} />)}
      </Await>
    </PageHead>
  );
}

/** A draft that nobody wrote into gives way to the one that is asked for. */
function withoutBlank(drafts: Drafts): Drafts {
  return { ...drafts, all: drafts.all.filter((draft) => draft.job !== "" || draft.assets !== "" || draft.config !== "") };
}

function DraftTabs({ drafts, onChange }: { readonly drafts: Drafts; readonly onChange: (drafts: Drafts) => void }): JSX.Element {
  const move = (event: JSX.TargetedKeyboardEvent<HTMLDivElement>): void => {
    const at = drafts.all.findIndex(({ id }) => id === drafts.open);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 }[event.key];
    if (to === undefined) return;
    const next: LaunchDraft | undefined = drafts.all[(to + drafts.all.length) % drafts.all.length];
    if (next === undefined) return;
    event.preventDefault();
    onChange({ ...drafts, open: next.id });
    event.currentTarget.querySelectorAll<HTMLElement>('[role="tab"]')[drafts.all.indexOf(next)]?.focus();
  };
  return (
    <div class="nb-drafts">
      <div class="nb-tabs" role="tablist" aria-label="Drafts" onKeyDown={move}>
        {drafts.all.map((draft) => (
          <button key={draft.id} type="button" role="tab" id={`nb-draft-${draft.id}`} aria-selected={draft.id === drafts.open} aria-controls="nb-draft" tabIndex={draft.id === drafts.open ? 0 : -1} onClick={() => onChange({ ...drafts, open: draft.id })}>
            {titleOf(draft)}
          </button>
        ))}
      </div>
      <span class="nb-row nb-gap-3 nb-drafts-acts">
        <Button kind="icon" icon="plus" label="New draft" onClick={() => onChange(addDraft(drafts, {}))} />
        {drafts.all.length > 0 && <Button kind="icon" icon="x" label="Close this draft" onClick={() => onChange(closeDraft(drafts, drafts.open))} />}
      </span>
    </div>
  );
}
