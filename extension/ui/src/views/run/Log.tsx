// What the run wrote: its log with filters, and what a step printed. It opens at the step that failed or runs, without picking.

import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { withLines } from "../../client/reduce";
import type { LogLine, RunView } from "../../client/wire.gen";
import { Button, Chip } from "../../ui/Button";
import { Icon } from "../../ui/Glyph";
import { clock, fullTime, grouped } from "../../ui/format";
import { useLoaded } from "../../ui/hooks";
import { VirtualList } from "../../ui/List";
import { Waiting } from "../../ui/Notes";
import { MenuButton } from "../../ui/Pop";
import { Tabs } from "../../ui/Tabs";
import { useDesk } from "../host";
import { OutputText } from "./Failure";
import { isMoving } from "./rows";

type Pane = "log" | "stdout" | "stderr";
const ROW = 18;

export function Log(props: { readonly view: RunView; readonly chosen: string | null; readonly onChoose: (step: string | null) => void }): JSX.Element {
  const { view } = props;
  const [pane, setPane] = useState<Pane>("log");
  const attentive = view.steps.find(({ state }) => state === "failed") ?? view.steps.findLast(({ state }) => isMoving(state) && state !== "queued") ?? view.steps.at(-1);
  const step = props.chosen ?? attentive?.key ?? null;
  return (
    <div class="nb-log-box">
      <div class="nb-row nb-log-head">
        <Tabs
          label="What was written"
          panel="nb-log-pane"
          tabs={[{ value: "log", label: "Log" }, { value: "stdout", label: "stdout" }, { value: "stderr", label: "stderr" }]}
          value={pane}
          onChange={setPane}
        />
        {pane !== "log" && (
          <span class="nb-push">
            <MenuButton
              kind="quiet"
              after="down"
              items={view.steps.slice(0, 200).map(({ key }) => ({ label: key, checked: key === step, onPick: () => props.onChoose(key) }))}
            >
              <span class="nb-mono">{step ?? "no step"}</span>
            </MenuButton>
          </span>
        )}
      </div>
      <div id="nb-log-pane" role="tabpanel" aria-label={pane}>
        {pane === "log" ? <Lines view={view} chosen={props.chosen} onChoose={props.onChoose} /> : step === null ? <p class="nb-sec nb-2">No step has run yet.</p> : <Printed view={view} step={step} stream={pane} />}
      </div>
    </div>
  );
}

const LEVELS: readonly { readonly label: string; readonly levels: readonly LogLine["level"][] }[] = [
  { label: "Events", levels: ["event"] },
  { label: "Warnings", levels: ["warning", "error"] },
  { label: "Errors", levels: ["error"] },
];

function Lines({ view, chosen, onChoose }: { readonly view: RunView; readonly chosen: string | null; readonly onChoose: (step: string | null) => void }): JSX.Element {
  const desk = useDesk();
  const [level, setLevel] = useState<string | null>(null);
  const [text, setText] = useState("");
  const [isFollowing, setFollowing] = useState(true);
  const [older, setOlder] = useState<readonly LogLine[]>([]);
  const [total, setTotal] = useState<number | null>(null);
  const levels = LEVELS.find(({ label }) => label === level)?.levels ?? [];
  const all = useMemo(() => withLines(older, view.log), [older, view.log]);
  const shown = useMemo(
    () =>
      all.filter(
        (line) =>
          (levels.length === 0 || levels.includes(line.level)) &&
          (chosen === null || line.step === chosen) &&
          (text === "" || line.text.toLowerCase().includes(text.toLowerCase())),
      ),
    [all, level, chosen, text],
  );
  useEffect(() => setOlder([]), [view.run]);
  const first = all[0]?.number ?? 0;
  const fetchOlder = async (): Promise<void> => {
    const result = await desk.store.ask({ type: "fetch_log", run: view.run, before: first, step: chosen, levels, text });
    if (result.type !== "log") return;
    setOlder(withLines(older, result.lines));
    setTotal(result.total);
  };
  return (
    <>
      <div class="nb-row nb-wrap nb-gap-3 nb-log-filters">
        {LEVELS.map(({ label }) => (
          <Chip key={label} pressed={level === label} onClick={() => setLevel(level === label ? null : label)}>
            {label}
          </Chip>
        ))}
        {chosen !== null && (
          <Chip pressed onClick={() => onChoose(null)} title="Show all steps">
            {chosen} ×
          </Chip>
        )}
        <label class="nb-field nb-log-search">
          <Icon name="search" />
          <input type="text" aria-label="Find in the log" placeholder="Find" value={text} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={(event) => event.stopPropagation()} />
        </label>
        <span class="nb-push nb-row nb-gap-3">
          {first > 0 && total !== 0 && (
            <Button kind="quiet" onClick={() => void fetchOlder()}>
              {`${grouped(first)} older`}
            </Button>
          )}
          {isMoving(view.state) && (
            <Button kind="quiet" pressed={isFollowing} onClick={() => setFollowing(!isFollowing)}>
              {isFollowing ? "following" : "follow"}
            </Button>
          )}
        </span>
      </div>
      {shown.length === 0 ? (
        <p class="nb-sec nb-small nb-2">{all.length === 0 ? "Nothing written yet." : "No line passes the filter."}</p>
      ) : (
        <VirtualList
          label="Log"
          role="log"
          count={shown.length}
          rowHeight={ROW}
          height={9 * ROW}
          follow={isFollowing}
          onFollow={(isAtEnd) => isAtEnd !== isFollowing && setFollowing(isAtEnd)}
          row={(at) => <Line line={shown[at]} onChoose={onChoose} />}
        />
      )}
    </>
  );
}

const TONES: { readonly [level in LogLine["level"]]: string | undefined } = {
  debug: "var(--nb-text-2)",
  info: undefined,
  warning: "var(--nb-warned)",
  error: "var(--nb-failed)",
  event: "var(--nb-running)",
};

function Line({ line, onChoose }: { readonly line: LogLine | undefined; readonly onChoose: (step: string | null) => void }): JSX.Element | null {
  if (line === undefined) return null;
  const { step } = line;
  return (
    <div class="nb-log-line">
      <span title={fullTime(line.at)}>{clock(line.at)}</span>
      {step === null ? (
        <span />
      ) : (
        <button type="button" class="nb-link nb-clip" tabIndex={-1} title={`Only ${step}`} onClick={() => onChoose(step)}>
          {step}
        </button>
      )}
      <span class="nb-clip" title={line.text} style={{ color: TONES[line.level] }}>
        {line.text}
      </span>
    </div>
  );
}

function Printed({ view, step, stream }: { readonly view: RunView; readonly step: string; readonly stream: "stdout" | "stderr" }): JSX.Element {
  const desk = useDesk();
  const state = view.steps.find(({ key }) => key === step)?.state;
  const [loaded, again] = useLoaded(() => desk.store.ask({ type: "fetch_output", run: view.run, step, stream }), [view.run, step, stream, state]);
  const isLive = state !== undefined && isMoving(state);
  useEffect(() => {
    if (!isLive) return undefined;
    const timer = setInterval(again, 1500);
    return () => clearInterval(timer);
  }, [isLive, step, stream]);
  return (
    <Waiting loaded={loaded} what={`what ${step} printed`} again={again}>
      {(result) => {
        if (result.type !== "output") return <p class="nb-sec nb-2">{result.type === "refused" ? result.text : ""}</p>;
        return (
          <>
            {result.skipped > 0 && (
              <p class="nb-sec nb-micro">
                {grouped(result.skipped)} characters before this are in {result.path}
              </p>
            )}
            {result.text === "" ? <p class="nb-sec nb-small nb-2">Nothing on {stream}.</p> : <OutputText text={result.text} label={`${stream} of ${step}`} />}
            {result.text !== "" && (
              <div class="nb-foot">
                <Button kind="quiet" icon="download" onClick={() => desk.host.save(`${step}.${stream}.txt`, result.text, "text/plain")}>
                  Save
                </Button>
              </div>
            )}
          </>
        );
      }}
    </Waiting>
  );
}
