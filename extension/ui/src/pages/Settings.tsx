// The instance: who looks after it, how many runs of a kind may go on at once, where it is, and how it is set.

import type { JSX } from "preact";
import type { SettingsData } from "../client/documents/settings.gen";
import { SettingsDocument } from "../client/documents/settings.gen";
import { StateWord } from "../ui/Glyph";
import { grouped } from "../ui/format";
import { useNow } from "../ui/hooks";
import { PageHead } from "./frame/Frame";
import { Await, useQuery } from "./frame/query";
import { A } from "./frame/route";
import { ErrorText } from "./parts/ErrorText";
import { Ago } from "./parts/Time";
import { YamlText } from "./parts/YamlText";

export default function Settings(): JSX.Element {
  const query = useQuery(SettingsDocument, {}, { on: ({ other }) => other.length > 0 });
  return (
    <PageHead title="Daemons and settings" above={<A to="/locations">Code locations</A>}>
      <Await query={query} what="the settings">
        {(data) => (
          <div class="nb-stack">
            <Daemons daemons={data.instance.daemonHealth.allDaemonStatuses} />
            <Limits limits={data.instance.concurrencyLimits} />
            <About data={data} />
          </div>
        )}
      </Await>
    </PageHead>
  );
}

type Daemon = SettingsData["instance"]["daemonHealth"]["allDaemonStatuses"][number];

const DUTIES: { readonly [type: string]: string } = {
  SCHEDULER: "starts the runs of schedules",
  SENSOR: "asks sensors",
  QUEUED_RUN_COORDINATOR: "starts queued runs when there is room",
  BACKFILL: "carries out backfills",
  MONITORING: "finds runs whose process is gone",
  ASSET: "evaluates automation conditions",
  FRESHNESS_DAEMON: "tells which assets are late",
};

function Daemons({ daemons }: { readonly daemons: readonly Daemon[] }): JSX.Element {
  const now = useNow(5_000);
  const isAlive = daemons.some(({ healthy }) => healthy === true);
  return (
    <section class="nb-card" role="group" aria-label="Daemons">
      <header class="nb-head">
        <h2 class="nb-title">Daemons</h2>
        {!isAlive && (
          <span class="nb-small nb-2">
            None runs, so schedules, sensors, queued runs and backfills wait. Start it: <span class="nb-mono">nbasset daemon run</span>
          </span>
        )}
      </header>
      <table class="nb-t nb-line-top">
        <thead>
          <tr>
            <th>Duty</th>
            <th>What it does</th>
            <th>State</th>
            <th class="nb-num">Last beat</th>
          </tr>
        </thead>
        <tbody>
          {daemons.map((one) => (
            <tr key={one.daemonType}>
              <td>{one.daemonType.toLowerCase().replaceAll("_", " ").replace(/ daemon$/, "")}</td>
              <td class="nb-2">
                {DUTIES[one.daemonType] ?? ""}
                {one.lastHeartbeatErrors.map((error, at) => (
                  <ErrorText key={at} error={error} />
                ))}
              </td>
              <td>
                {one.healthy === true ? (
                  one.lastHeartbeatErrors.length > 0 ? <StateWord state="warned">with errors</StateWord> : <StateWord state="fresh">alive</StateWord>
                ) : one.required ? (
                  <StateWord state="failed">not running</StateWord>
                ) : (
                  <StateWord state="canceled">not running</StateWord>
                )}
              </td>
              <td class="nb-num nb-2">{one.lastHeartbeatTime === null ? "never" : <Ago at={one.lastHeartbeatTime} now={now} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type Limit = SettingsData["instance"]["concurrencyLimits"][number];

function Limits({ limits }: { readonly limits: readonly Limit[] }): JSX.Element {
  return (
    <section class="nb-card" role="group" aria-label="Pools">
      <header class="nb-head">
        <h2 class="nb-title">Pools</h2>
        <span class="nb-small nb-2">how many steps of a kind go on at once, over all runs</span>
      </header>
      {limits.length > 0 && (
        <table class="nb-t nb-line-top">
          <thead>
            <tr>
              <th>Pool</th>
              <th class="nb-num">At once</th>
              <th class="nb-num">In use</th>
            </tr>
          </thead>
          <tbody>
            {limits.map(({ concurrencyKey, slotCount, limit }) => (
              <tr key={concurrencyKey}>
                <td class="nb-mono">{concurrencyKey}</td>
                <td class="nb-num">{limit === null ? "any" : grouped(limit)}</td>
                <td class="nb-num">{grouped(slotCount)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="nb-body nb-small nb-2">
        {limits.length === 0 ? "No limits are set. They" : "Limits"} stand in <span class="nb-mono">nbasset.toml</span>, under <span class="nb-mono">[queue.pools]</span>: <span class="nb-mono">database = 2</span>
      </p>
    </section>
  );
}

function About({ data }: { readonly data: SettingsData }): JSX.Element {
  const { instance } = data;
  const refused = data.permissions.filter(({ value }) => !value);
  return (
    <section class="nb-card" role="group" aria-label="Instance">
      <header class="nb-head">
        <h2 class="nb-title">Instance</h2>
      </header>
      <div class="nb-body">
        <dl class="nb-facts nb-job-facts">
          <div>
            <dt>Folder</dt>
            <dd class="nb-mono">{instance.home}</dd>
          </div>
          <div>
            <dt>Version</dt>
            <dd class="nb-mono">{data.version}</dd>
          </div>
          <div>
            <dt>Runs are started by</dt>
            <dd>{instance.runLauncher?.name ?? "this machine"}</dd>
          </div>
          <div>
            <dt>Python</dt>
            <dd class="nb-mono">{instance.executablePath}</dd>
          </div>
          {refused.length > 0 && (
            <div>
              <dt>Here is not allowed</dt>
              <dd title={refused.map(({ permission }) => permission).join(", ")}>{refused[0]?.disabledReason ?? "this server only shows"}</dd>
            </div>
          )}
        </dl>
      </div>
      {instance.info !== null && instance.info !== "" && <YamlText text={instance.info} label="Settings of the instance" />}
    </section>
  );
}
