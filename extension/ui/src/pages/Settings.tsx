// The instance: who looks after it, how many runs of a kind may go on at once, where it is, and how it is set.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { SettingsData } from "../client/documents/settings.gen";
import { DeleteLimitDocument, SetLimitDocument, SettingsDocument } from "../client/documents/settings.gen";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { StateWord } from "../ui/Glyph";
import { grouped } from "../ui/format";
import { Field, Form, TextField } from "../ui/Form";
import { useNow } from "../ui/hooks";
import { PageHead } from "./frame/Frame";
import { Await, useAct, useQuery } from "./frame/query";
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
            <Limits limits={data.instance.concurrencyLimits} again={query.again} />
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

function Limits({ limits, again }: { readonly limits: readonly Limit[]; readonly again: () => void }): JSX.Element {
  const act = useAct();
  const [edited, setEdited] = useState<{ readonly name: string; readonly limit: string; readonly isNew: boolean } | null>(null);
  return (
    <section class="nb-card" role="group" aria-label="Pools">
      <header class="nb-head">
        <h2 class="nb-title">Pools</h2>
        <span class="nb-small nb-2">how many steps of a kind go on at once, over all runs</span>
        <span class="nb-push">
          <Button icon="plus" onClick={() => setEdited({ name: "", limit: "1", isNew: true })}>
            Add a limit
          </Button>
        </span>
      </header>
      {limits.length === 0 ? (
        <p class="nb-body nb-small nb-2">No limits are set.</p>
      ) : (
        <table class="nb-t nb-line-top">
          <thead>
            <tr>
              <th>Pool</th>
              <th class="nb-num">At once</th>
              <th class="nb-num">In use</th>
              <th><span class="nb-unseen">Change</span></th>
            </tr>
          </thead>
          <tbody>
            {limits.map(({ concurrencyKey, slotCount, limit }) => (
              <tr key={concurrencyKey}>
                <td class="nb-mono">{concurrencyKey}</td>
                <td class="nb-num">{limit === null ? "any" : grouped(limit)}</td>
                <td class="nb-num">{grouped(slotCount)}</td>
                <td class="nb-num">
                  <Button kind="quiet" onClick={() => setEdited({ name: concurrencyKey, limit: String(limit ?? 1), isNew: false })}>
                    Change
                  </Button>
                  <Button kind="quiet" label={`Remove the limit of ${concurrencyKey}`} onClick={() => void act(DeleteLimitDocument, { key: concurrencyKey }).then(again)}>
                    Remove
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {edited !== null && <LimitForm {...edited} onClose={() => setEdited(null)} again={again} />}
    </section>
  );
}

function LimitForm(props: { readonly name: string; readonly limit: string; readonly isNew: boolean; readonly onClose: () => void; readonly again: () => void }): JSX.Element {
  const act = useAct();
  const [name, setName] = useState(props.name);
  const [limit, setLimit] = useState(props.limit);
  const isWhole = /^\d+$/.test(limit);
  const save = async (): Promise<void> => {
    if (name === "" || !isWhole) return;
    props.onClose();
    await act(SetLimitDocument, { key: name, limit: Number(limit) });
    props.again();
  };
  return (
    <Dialog
      title={props.isNew ? "Add a limit" : `Limit of ${props.name}`}
      onClose={props.onClose}
      actions={
        <Button kind="main" disabled={name === "" || !isWhole} onClick={() => void save()}>
          Set the limit
        </Button>
      }
    >
      <Form onSubmit={() => void save()}>
        {props.isNew && <Field label="Pool" hint="The name that assets and ops give as pool" control={({ id, about }) => <TextField id={id} about={about} isMono value={name} onChange={setName} />} />}
        <Field label="At once" problem={isWhole ? null : "A whole number from 0."} control={({ id, about, isBad }) => <TextField id={id} about={about} isBad={isBad} value={limit} onChange={setLimit} />} />
      </Form>
    </Dialog>
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
