// One sensor: how often it looks, where its cursor is, its ticks, what a tick would do.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ResetSensorDocument, SensorDocument, SetCursorDocument } from "../client/documents/automation.gen";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { TextArea } from "../ui/Form";
import { useNow } from "../ui/hooks";
import { Note } from "../ui/Notes";
import { MenuButton } from "../ui/Pop";
import { InstigatorPage, OnSwitch } from "./automation/Instigator";
import { SensorPreview } from "./automation/Preview";
import { tickFilter, Ticks } from "./automation/Ticks";
import { PageHead } from "./frame/Frame";
import type { PageProps } from "./frame/route";
import { Await, useQuery } from "./frame/query";
import { A, useParam } from "./frame/route";
import { useDo } from "./parts/asking";
import { ActButton } from "./parts/ActButton";
import type { Origin } from "./parts/places";
import { Until } from "./parts/Time";

export default function Sensor(props: PageProps): JSX.Element {
  return (
    <InstigatorPage {...props} sort="sensors" word="sensor">
      {(name, origin) => <Placed name={name} origin={origin} />}
    </InstigatorPage>
  );
}

const PAGE = 40;

function Placed({ name, origin }: { readonly name: string; readonly origin: Origin }): JSX.Element {
  const now = useNow(5_000);
  const [filterText, setFilter] = useParam("ticks", "");
  const filter = tickFilter(filterText);
  const [limit, setLimit] = useState(PAGE);
  const [open, setOpen] = useState<"preview" | "cursor" | null>(null);
  const selector = { ...origin, sensorName: name };
  const query = useQuery(SensorDocument, { selector, ticks: limit, statuses: filter === "" ? null : [filter] }, { keep: true });
  const act = useDo();
  const found = query.data?.sensorOrError.__typename === "Sensor" ? query.data.sensorOrError : null;
  const data = found?.sensorState.typeSpecificData;
  const cursor = data?.__typename === "SensorData" ? (data.lastCursor ?? "") : "";
  const isOn = found?.sensorState.status === "RUNNING";
  const setCursor = (next: string): void => {
    setOpen(null);
    void act(SetCursorDocument, { selector, cursor: next === "" ? null : next }, "The cursor is set.").then(query.again);
  };
  return (
    <PageHead
      title={name}
      shown={<span class="nb-mono">{name}</span>}
      above={
        <>
          <A to="/automation">Automation</A> / {origin.repositoryLocationName}
        </>
      }
      actions={
        found !== null && (
          <>
            <OnSwitch one={{ kind: "sensor", name, id: found.sensorState.id, origin }} isOn={isOn} again={query.again} />
            <ActButton onClick={() => setOpen("cursor")}>Edit the cursor</ActButton>
            <Button icon="play" onClick={() => setOpen("preview")}>
              Preview a tick
            </Button>
            <MenuButton kind="icon" icon="dots" label="More" items={[{ label: "As its definition says", onPick: () => void act(ResetSensorDocument, { selector }, `${name} is as its definition says.`).then(query.again) }]} />
          </>
        )
      }
    >
      <Await query={query} what={name}>
        {({ sensorOrError: answer }) =>
          answer.__typename !== "Sensor" ? (
            <Note state="failed">{"message" in answer ? answer.message : ""}</Note>
          ) : (
            <div class="nb-stack">
              {answer.description !== null && answer.description !== "" && <p>{answer.description}</p>}
              <dl class="nb-facts nb-job-facts">
                <div>
                  <dt>Looks</dt>
                  <dd>every {answer.minIntervalSeconds} s</dd>
                </div>
                <div>
                  <dt>Next</dt>
                  <dd>{!isOn ? <span class="nb-2">off</span> : answer.nextTick?.timestamp === null || answer.nextTick === null ? <span class="nb-2">soon</span> : <Until at={answer.nextTick.timestamp} now={now} />}</dd>
                </div>
                <div>
                  <dt>Starts</dt>
                  <dd>{answer.targetText === "" ? <span class="nb-2">nothing named</span> : answer.targetText}</dd>
                </div>
                <div class="nb-cursor-fact">
                  <dt>Cursor</dt>
                  <dd class="nb-mono" title={cursor}>{cursor === "" ? <span class="nb-2">none</span> : cursor}</dd>
                </div>
                {data?.__typename === "SensorData" && data.lastRunKey !== null && data.lastRunKey !== "" && (
                  <div>
                    <dt>Last run key</dt>
                    <dd class="nb-mono">{data.lastRunKey}</dd>
                  </div>
                )}
              </dl>
              <Ticks
                ticks={answer.sensorState.ticks}
                now={now}
                filter={filter}
                onFilter={(next) => setFilter(next, "replace")}
                hasCursor={cursor !== "" || answer.sensorState.ticks.some((tick) => tick.cursor !== null)}
                hasMore={answer.sensorState.ticks.length >= limit}
                onMore={() => setLimit(limit + PAGE)}
              />
            </div>
          )
        }
      </Await>
      {open === "preview" && <SensorPreview name={name} origin={origin} cursor={cursor} onClose={() => setOpen(null)} onKeep={setCursor} />}
      {open === "cursor" && <CursorDialog name={name} cursor={cursor} onClose={() => setOpen(null)} onSet={setCursor} />}
    </PageHead>
  );
}

function CursorDialog({ name, cursor, onClose, onSet }: { readonly name: string; readonly cursor: string; readonly onClose: () => void; readonly onSet: (cursor: string) => void }): JSX.Element {
  const [text, setText] = useState(cursor);
  return (
    <Dialog
      title={`Cursor of ${name}`}
      keeps={text !== cursor}
      onClose={onClose}
      note="The next tick begins from here."
      actions={
        <>
          <Button disabled={cursor === ""} onClick={() => onSet("")}>
            Forget it
          </Button>
          <Button kind="main" disabled={text === cursor} onClick={() => onSet(text)}>
            Set the cursor
          </Button>
        </>
      }
    >
      <TextArea label="Cursor" isMono rows={4} value={text} onChange={setText} />
    </Dialog>
  );
}
