// One schedule: when it runs, its ticks, what a tick would do.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ResetScheduleDocument, ScheduleDocument } from "../client/documents/automation.gen";
import { Button } from "../ui/Button";
import { useNow } from "../ui/hooks";
import { Note } from "../ui/Notes";
import { MenuButton } from "../ui/Pop";
import { Coming, InstigatorPage, OnSwitch } from "./automation/Instigator";
import { SchedulePreview } from "./automation/Preview";
import { tickFilter, Ticks } from "./automation/Ticks";
import { PageHead } from "./frame/Frame";
import type { PageProps } from "./frame/route";
import { Await, useQuery } from "./frame/query";
import { A, useParam } from "./frame/route";
import { useDo } from "./parts/asking";
import { jobPath } from "./Jobs";
import type { Origin } from "./parts/places";

export default function Schedule(props: PageProps): JSX.Element {
  return (
    <InstigatorPage {...props} sort="schedules" word="schedule">
      {(name, origin) => <Placed name={name} origin={origin} />}
    </InstigatorPage>
  );
}

const PAGE = 40;

function Placed({ name, origin }: { readonly name: string; readonly origin: Origin }): JSX.Element {
  const now = useNow(15_000);
  const [filterText, setFilter] = useParam("ticks", "");
  const filter = tickFilter(filterText);
  const [limit, setLimit] = useState(PAGE);
  const [isPreviewing, setPreviewing] = useState(false);
  const selector = { ...origin, scheduleName: name };
  const query = useQuery(ScheduleDocument, { selector, ticks: limit, statuses: filter === "" ? null : [filter] }, { keep: true });
  const act = useDo();
  const found = query.data?.scheduleOrError.__typename === "Schedule" ? query.data.scheduleOrError : null;
  const coming = found?.futureTicks.results.flatMap(({ timestamp }) => timestamp ?? []) ?? [];
  const isOn = found?.scheduleState.status === "RUNNING";
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
            <OnSwitch one={{ kind: "schedule", name, id: found.scheduleState.id, origin }} isOn={isOn} again={query.again} />
            <Button icon="play" onClick={() => setPreviewing(true)}>
              Preview a tick
            </Button>
            <MenuButton kind="icon" icon="dots" label="More" items={[{ label: "As its definition says", onPick: () => void act(ResetScheduleDocument, { selector }, `${name} is as its definition says.`).then(query.again) }]} />
          </>
        )
      }
    >
      <Await query={query} what={name}>
        {({ scheduleOrError: answer }) =>
          answer.__typename !== "Schedule" ? (
            <Note state="failed">{"message" in answer ? answer.message : ""}</Note>
          ) : (
            <div class="nb-cols">
              <div class="nb-grow nb-stack">
                {answer.description !== null && answer.description !== "" && <p>{answer.description}</p>}
                <dl class="nb-facts nb-job-facts">
                  <div>
                    <dt>When</dt>
                    <dd>{answer.cronText}</dd>
                  </div>
                  <div>
                    <dt>Cron</dt>
                    <dd class="nb-mono">{answer.cronSchedule}</dd>
                  </div>
                  <div>
                    <dt>On the clock of</dt>
                    <dd>{answer.executionTimezone ?? "UTC"}</dd>
                  </div>
                  <div>
                    <dt>Runs</dt>
                    <dd>{answer.pipelineName === "" || answer.pipelineName.startsWith("__") ? answer.targetText : <A to={jobPath(answer.pipelineName, null)} class="nb-mono">{answer.pipelineName}</A>}</dd>
                  </div>
                </dl>
                <Ticks
                  ticks={answer.scheduleState.ticks}
                  now={now}
                  filter={filter}
                  onFilter={(next) => setFilter(next, "replace")}
                  hasCursor={false}
                  hasMore={answer.scheduleState.ticks.length >= limit}
                  onMore={() => setLimit(limit + PAGE)}
                />
              </div>
              <aside class="nb-rail" aria-label="What comes next">
                <Coming times={coming.slice(0, 8)} zone={answer.executionTimezone} now={now} title={isOn ? "Next" : "Next, if it were on"} empty="There is no tick to come." />
              </aside>
            </div>
          )
        }
      </Await>
      {isPreviewing && <SchedulePreview name={name} origin={origin} coming={coming.slice(0, 8)} zone={found?.executionTimezone ?? null} onClose={() => setPreviewing(false)} />}
    </PageHead>
  );
}
