// One draft: what runs, the form, the YAML, what is wrong, and the button that says what will happen.

import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { PlacesData } from "../../client/documents/jobs.gen";
import type { AssetNamesData } from "../../client/documents/launch.gen";
import { AssetNamesDocument, CheckConfigDocument, LaunchFormDocument } from "../../client/documents/launch.gen";
import { Editor } from "../../ui/Editor";
import { Glyph } from "../../ui/Glyph";
import { grouped, plural } from "../../ui/format";
import { Field, Select, TextField } from "../../ui/Form";
import { yamlLines } from "../../ui/markup";
import { Note } from "../../ui/Notes";
import { useQuery } from "../frame/query";
import { ActButton } from "../parts/ActButton";
import type { Origin } from "../parts/places";
import { originOf } from "../parts/places";
import { ConfigForm } from "./ConfigForm";
import { completeYaml } from "./completeYaml";
import type { Path } from "./draft";
import { lineOf, readDraft, withoutValue, withValue } from "./draft";
import type { LaunchDraft } from "./drafts";
import { keysOf, namesOf, tagsOf } from "./drafts";
import { sectionsOf } from "./form";
import { useLaunch } from "./launching";

const ASSET_JOB = "__ASSET_JOB";
const PAUSE_MS = 300;

export interface ConfigProblem {
  readonly path: Path;
  readonly line: number | null;
  readonly text: string;
  /** Without the path: where it stands says that. */
  readonly short: string;
}

export function DraftPane(props: { readonly draft: LaunchDraft; readonly places: PlacesData; readonly onChange: (next: Partial<LaunchDraft>) => void }): JSX.Element {
  const { draft, places, onChange } = props;
  const repositories = places.repositoriesOrError.__typename === "RepositoryConnection" ? places.repositoriesOrError.nodes : [];
  const jobs = repositories.flatMap((node) => node.jobs.filter(({ name }) => !name.startsWith("__")).map(({ name }) => ({ name, location: node.location.name })));
  const names = namesOf(draft.assets);
  const assets = useQuery(AssetNamesDocument, {}, { skip: draft.job !== "", on: ({ other }) => other.length > 0 });
  const homes = useMemo(() => (assets.data === null ? null : homesOf(assets.data)), [assets.data]);
  const known = homes === null ? null : [...homes.keys()];
  const apart = homes === null ? null : apartWords(names, homes);
  const origin = draft.job === "" ? (homes?.get(names[0] ?? "") ?? null) : originOf(places, "jobs", draft.job, draft.location === "" ? null : draft.location);
  const isKnown = names.length > 0 && known !== null && apart === null && names.every((name) => known.includes(name));
  const isChosen = origin !== null && (draft.job !== "" || isKnown);
  const selector = useMemo(
    () => ({
      pipelineName: draft.job === "" ? ASSET_JOB : draft.job,
      repositoryName: origin?.repositoryName ?? "",
      repositoryLocationName: origin?.repositoryLocationName ?? "",
      assetSelection: draft.job === "" ? names.map((name) => ({ path: name.split("/") })) : null,
      solidSelection: draft.ops.trim() === "" ? null : namesOf(draft.ops),
    }),
    [draft.job, draft.assets, draft.ops, origin?.repositoryName, origin?.repositoryLocationName],
  );
  const form = useQuery(LaunchFormDocument, { selector, assets: selector.assetSelection }, { skip: !isChosen, keep: true, on: ({ other }) => other.length > 0 });
  const schema = form.data?.runConfigSchemaOrError.__typename === "RunConfigSchema" ? form.data.runConfigSchemaOrError : null;
  const refusal = form.data !== null && form.data.runConfigSchemaOrError.__typename !== "RunConfigSchema" ? form.data.runConfigSchemaOrError.message : null;
  const pipeline = form.data?.pipelineOrError.__typename === "Pipeline" ? form.data.pipelineOrError : null;
  const allKeys = pipeline?.partitionKeysOrError.partitionKeys ?? [];
  const sections = useMemo(() => sectionsOf(schema?.jsonSchema), [schema?.jsonSchema]);
  const read = useMemo(() => readDraft(draft.config), [draft.config]);
  const problems = useProblems(selector, draft.config, read, isChosen && refusal === null);
  const tags = tagsOf(draft.tags);
  const keys = keysOf(draft.partitions, allKeys);
  const problemAt = (path: Path): string | null => problems.find((problem) => problem.path.join("\n") === path.join("\n"))?.short ?? null;
  const set = (path: Path, value: unknown): void => onChange({ config: withValue(draft.config, path, value) });
  const wrong = problems.length + (tags.problem === null ? 0 : 1) + (keys.problem === null ? 0 : 1);
  return (
    <section id="nb-draft" class="nb-card nb-launch" role="tabpanel" aria-labelledby={`nb-draft-${draft.id}`}>
      <div class="nb-launch-cols">
        <div class="nb-launch-form">
          <fieldset class="nb-form nb-launch-section">
            <legend>What</legend>
            <Field
              label="Job"
              control={({ id }) => (
                <Select
                  id={id}
                  value={draft.job === "" ? "" : `${draft.job}\n${origin?.repositoryLocationName ?? draft.location}`}
                  options={[
                    { value: "", label: "assets, chosen below" },
                    ...jobs.map(({ name, location }) => ({ value: `${name}\n${location}`, label: repositories.length > 1 ? `${name} (${location})` : name })),
                    ...(draft.job !== "" && origin === null ? [{ value: `${draft.job}\n${draft.location}`, label: `${draft.job} (not defined now)` }] : []),
                  ]}
                  onChange={(value) => {
                    const [job = "", location = ""] = value.split("\n");
                    onChange({ job, location, ops: "", partitions: "" });
                  }}
                />
              )}
            />
            {draft.job === "" && <AssetsField text={draft.assets} known={known} problem={apart} onChange={(next) => onChange({ assets: next })} />}
            {draft.job !== "" && (pipeline?.solids.length ?? 0) > 1 && (
              <Field
                label="Only"
                hint={`of ${plural(pipeline?.solids.length ?? 0, "step")}; all when left empty`}
                control={({ id, about }) => <TextField id={id} about={about} isMono value={draft.ops} placeholder={pipeline?.solids.slice(0, 3).map(({ name }) => name).join(", ") ?? ""} onChange={(ops) => onChange({ ops })} />}
              />
            )}
            {allKeys.length > 0 && <PartitionsField text={draft.partitions} all={allKeys} read={keys} onChange={(partitions) => onChange({ partitions })} />}
            <Field
              label="Tags"
              hint="name: value, name: value"
              problem={tags.problem}
              control={({ id, about, isBad }) => <TextField id={id} about={about} isBad={isBad} isMono value={draft.tags} onChange={(next) => onChange({ tags: next })} />}
            />
          </fieldset>
          {refusal !== null && <Note state="failed">{refusal}</Note>}
          {form.error !== null && <Note state="failed">{form.error}</Note>}
          {read.problems.length > 0 ? (
            <Note state="warned">The form comes back when the YAML can be read.</Note>
          ) : (
            <ConfigForm sections={sections} draft={read} problemAt={problemAt} onSet={set} onUnset={(path) => onChange({ config: withoutValue(draft.config, path) })} />
          )}
          {isChosen && schema !== null && sections.length === 0 && <p class="nb-small nb-2">Nothing in it takes config.</p>}
        </div>
        <div class="nb-launch-yaml">
          <div class="nb-label nb-console-label">
            <span>YAML, the same draft</span>
            {schema !== null && schema.rootDefaultYaml.trim() !== "" && schema.rootDefaultYaml.trim() !== "{}" && draft.config.trim() === "" && (
              <button type="button" class="nb-link nb-push" onClick={() => onChange({ config: schema.rootDefaultYaml })}>
                Fill in what is required
              </button>
            )}
            {draft.config.trim() !== "" && (
              <button type="button" class="nb-link nb-push" onClick={() => onChange({ config: "" })}>
                Clear
              </button>
            )}
          </div>
          <Editor
            label="Run config as YAML"
            value={draft.config}
            onChange={(config) => onChange({ config })}
            lines={yamlLines}
            minRows={16}
            bad={new Set(problems.flatMap(({ line }) => line ?? []))}
            complete={(text, cursor) => completeYaml(schema?.jsonSchema, text, cursor)}
          />
          <Problems problems={problems} />
        </div>
      </div>
      <LaunchBar draft={draft} selector={selector} config={read.value} keys={keys.keys} tags={tags.tags} wrong={wrong} isReady={isChosen && refusal === null} needsKeys={allKeys.length > 0} />
    </section>
  );
}

/** Where each asset that can be made is defined. */
function homesOf(data: AssetNamesData): ReadonlyMap<string, Origin> {
  return new Map(
    data.assetNodes.flatMap(({ assetKey, isExecutable, repository }): [string, Origin][] =>
      isExecutable ? [[assetKey.path.join("/"), { repositoryName: repository.name, repositoryLocationName: repository.location.name }]] : [],
    ),
  );
}

/** One run is of one location. */
function apartWords(names: readonly string[], homes: ReadonlyMap<string, Origin>): string | null {
  const [first] = names;
  const home = homes.get(first ?? "");
  const other = names.find((name) => homes.has(name) && home !== undefined && homes.get(name)?.repositoryLocationName !== home.repositoryLocationName);
  if (first === undefined || other === undefined) return null;
  return `${other} is defined in ${homes.get(other)?.repositoryLocationName ?? ""}, ${first} in ${home?.repositoryLocationName ?? ""}: a run is of one location.`;
}

type Selector = { readonly pipelineName: string; readonly repositoryName: string; readonly repositoryLocationName: string; readonly assetSelection: readonly { readonly path: readonly string[] }[] | null; readonly solidSelection: readonly string[] | null };

/** What is wrong: the YAML itself at once, the rest as the server says, a moment after the last key. */
function useProblems(selector: Selector, text: string, read: ReturnType<typeof readDraft>, isChosen: boolean): readonly ConfigProblem[] {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const config = useMemo(() => readDraft(settled), [settled]);
  const check = useQuery(CheckConfigDocument, { selector, config: config.value }, { skip: !isChosen || config.problems.length > 0, keep: true, on: ({ other }) => other.length > 0 });
  return useMemo(() => {
    if (read.problems.length > 0) return read.problems.map(({ line, text: words }) => ({ path: [], line, text: words, short: words }));
    const answer = check.data?.isPipelineConfigValid;
    if (answer?.__typename !== "RunConfigValidationInvalid") return [];
    return answer.errors.map(({ message, path }) => ({ path, line: lineOf(text, path), text: message, short: message.replace(`${path.join(".")}: `, "") }));
  }, [read, check.data, text]);
}

function Problems({ problems }: { readonly problems: readonly ConfigProblem[] }): JSX.Element {
  return (
    <div aria-live="polite">
      {problems.map(({ line, text }, at) => (
        <div key={at} class="nb-note" data-state="failed">
          <Glyph state="failed" />
          <span>
            {line !== null && <b>Line {line}: </b>}
            {text}
          </span>
        </div>
      ))}
    </div>
  );
}

function AssetsField(props: {
  readonly text: string;
  readonly known: readonly string[] | null;
  readonly problem: string | null;
  readonly onChange: (text: string) => void;
}): JSX.Element {
  const { text, known, onChange } = props;
  const names = namesOf(text);
  const unknown = known === null ? undefined : names.find((name) => !known.includes(name));
  const begun = /[^\s,]*$/.exec(text)?.[0] ?? "";
  const near = begun === "" ? [] : (known ?? []).filter((key) => key.includes(begun) && !names.includes(key)).slice(0, 5);
  return (
    <Field
      label="Assets"
      hint={
        near.length > 0 ? (
          <span class="nb-row nb-wrap nb-gap-3">
            {near.map((key) => (
              <button key={key} type="button" class="nb-link nb-mono" onClick={() => onChange(`${text.slice(0, text.length - begun.length)}${key}, `)}>
                {key}
              </button>
            ))}
          </span>
        ) : names.length > 0 ? (
          plural(names.length, "asset")
        ) : (
          "keys, parted by commas"
        )
      }
      problem={unknown !== undefined && near.length === 0 ? `There is no asset ${unknown} that can be made here.` : props.problem}
      control={({ id, about, isBad }) => <TextField id={id} about={about} isBad={isBad} isMono value={text} onChange={onChange} />}
    />
  );
}

function PartitionsField(props: { readonly text: string; readonly all: readonly string[]; readonly read: ReturnType<typeof keysOf>; readonly onChange: (text: string) => void }): JSX.Element {
  const { all, read } = props;
  return (
    <Field
      label="Partitions"
      problem={read.problem}
      hint={
        <span class="nb-row nb-wrap nb-gap-3">
          {read.keys.length > 0 ? `${grouped(read.keys.length)} of ${plural(all.length, "key")}` : `${plural(all.length, "key")}:`}
          <button type="button" class="nb-link" onClick={() => props.onChange(all.at(-1) ?? "")}>
            latest
          </button>
          <button type="button" class="nb-link" onClick={() => props.onChange(all.length === 1 ? (all[0] ?? "") : `[${all[0] ?? ""}...${all.at(-1) ?? ""}]`)}>
            all {grouped(all.length)}
          </button>
        </span>
      }
      control={({ id, about, isBad }) => <TextField id={id} about={about} isBad={isBad} isMono value={props.text} placeholder={`[${all[0] ?? ""}...${all.at(-1) ?? ""}]`} onChange={props.onChange} />}
    />
  );
}

function LaunchBar(props: {
  readonly draft: LaunchDraft;
  readonly selector: Selector;
  readonly config: unknown;
  readonly keys: readonly string[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly wrong: number;
  readonly isReady: boolean;
  readonly needsKeys: boolean;
}): JSX.Element {
  const { launch, isBusy } = useLaunch();
  const { keys, needsKeys, wrong } = props;
  const count = needsKeys ? keys.length : 1;
  const isReady = props.isReady && wrong === 0 && count > 0 && !isBusy;
  const what = props.draft.job === "" ? plural(props.selector.assetSelection?.length ?? 0, "asset") : props.draft.job;
  return (
    <div class="nb-action nb-small">
      <span>
        {!props.isReady ? (
          "Choose a job, or name assets."
        ) : count === 0 ? (
          "Choose partitions."
        ) : (
          <>
            <b>{count > 1 ? plural(count, "partition") : "1 run"}</b> of {props.draft.job === "" ? what : <span class="nb-mono">{what}</span>}
            {count > 1 && ", as a backfill"}
          </>
        )}
      </span>
      <span class="nb-push nb-row">
        {wrong > 0 && <span class="nb-problem-count">{plural(wrong, "error")}</span>}
        <ActButton kind="main" icon="play" disabled={!isReady} title={wrong > 0 ? "Something is wrong; see the lines that are marked" : undefined} onClick={() => void launch({ ...props })}>
          {isBusy ? "Starting" : count > 1 ? `Launch ${grouped(count)}` : "Launch"}
        </ActButton>
      </span>
    </div>
  );
}
