// What changes the records of an asset by hand: giving them up, and telling of a materialization that was made elsewhere.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ReportAssetDocument, WipeAssetsDocument } from "../../client/documents/assets.gen";
import type { AssetView } from "../../client/wire.gen";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Check, Field, Form, Select, TextArea, TextField } from "../../ui/Form";
import { grouped, plural } from "../../ui/format";
import { useToast } from "../../ui/Toasts";
import { useAct } from "../frame/query";
import { keysIn, rangeIn } from "./typed";

interface Props {
  readonly view: AssetView;
  readonly onClose: () => void;
}

export function WipeDialog({ view, onClose }: Props): JSX.Element {
  const act = useAct();
  const toast = useToast();
  const [text, setText] = useState("");
  const [isSure, setSure] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const isParted = view.partitions !== null;
  const range = rangeIn(text);
  const wipe = async (): Promise<void> => {
    setBusy(true);
    const ranges = [{ assetKey: { path: view.key.split("/") }, ...(text.trim() === "" || range === null ? {} : { partitions: { range } }) }];
    const answer = await act(WipeAssetsDocument, { ranges });
    setBusy(false);
    if (answer === null) return;
    if (answer.wipeAssets.__typename !== "AssetWipeSuccess") {
      toast(answer.wipeAssets.message, "failed");
      return;
    }
    toast(`The records of ${view.key} were given up.`, "canceled");
    onClose();
  };
  return (
    <Dialog
      title={
        <>
          Wipe <span class="nb-mono">{view.key}</span>
        </>
      }
      onClose={onClose}
      actions={
        <Button kind="stop" icon="trash" disabled={!isSure || isBusy || (text.trim() !== "" && range === null)} onClick={() => void wipe()}>
          {text.trim() === "" ? (isParted ? `Wipe ${plural(view.partitions.count, "partition")}` : "Wipe it") : "Wipe these partitions"}
        </Button>
      }
    >
      <p class="nb-dialog-text">
        Its records are given up: it counts as never made, and what reads it as stale. The files stay until <span class="nb-mono">nbasset gc</span> collects them.
      </p>
      <Form>
        {isParted && (
          <Field
            label="Partitions"
            hint={`Empty for all ${grouped(view.partitions.count)}; a range has both ends: 2013-06-01...2013-06-30`}
            problem={text.trim() !== "" && range === null ? "One key, or first...last" : null}
            control={({ id, about, isBad }) => <TextField id={id} about={about} isBad={isBad} isMono value={text} onChange={setText} placeholder="all" />}
          />
        )}
        <Check checked={isSure} onChange={setSure}>
          Give up its records
        </Check>
      </Form>
    </Dialog>
  );
}

export function ReportDialog({ view, onClose }: Props): JSX.Element {
  const act = useAct();
  const toast = useToast();
  const [kind, setKind] = useState<"ASSET_MATERIALIZATION" | "ASSET_OBSERVATION">("ASSET_MATERIALIZATION");
  const [text, setText] = useState("");
  const [description, setDescription] = useState("");
  const [isBusy, setBusy] = useState(false);
  const keys = keysIn(text);
  const isParted = view.partitions !== null;
  const report = async (): Promise<void> => {
    setBusy(true);
    const params = { eventType: kind, assetKey: { path: view.key.split("/") }, ...(isParted ? { partitionKeys: keys } : {}), ...(description === "" ? {} : { description }) };
    const answer = await act(ReportAssetDocument, { params });
    setBusy(false);
    if (answer === null) return;
    const { reportRunlessAssetEvents: result } = answer;
    if (result.__typename !== "ReportRunlessAssetEventsSuccess") {
      toast(result.message, "failed");
      return;
    }
    toast(`${kind === "ASSET_MATERIALIZATION" ? "Materialization" : "Observation"} of ${view.key} recorded.`, "fresh");
    onClose();
  };
  return (
    <Dialog
      title={
        <>
          Report on <span class="nb-mono">{view.key}</span>
        </>
      }
      onClose={onClose}
      keeps={text !== "" || description !== ""}
      actions={
        <Button kind="main" disabled={isBusy || (isParted && keys.length === 0)} onClick={() => void report()}>
          {isParted ? `Report ${plural(keys.length, "partition")}` : "Report"}
        </Button>
      }
    >
      <p class="nb-dialog-text">Records that it was made or seen by something else than nbasset. Nothing runs, no file is written.</p>
      <Form onSubmit={() => void report()}>
        <Field
          label="What"
          control={({ id }) => (
            <Select
              id={id}
              value={kind}
              options={[
                { value: "ASSET_MATERIALIZATION", label: "It was materialized" },
                { value: "ASSET_OBSERVATION", label: "It was observed" },
              ]}
              onChange={setKind}
            />
          )}
        />
        {isParted && (
          <Field
            label="Partitions"
            hint="Keys, parted by commas"
            control={({ id, about }) => <TextField id={id} about={about} isMono value={text} onChange={setText} placeholder="2013-06-01, 2013-06-02" />}
          />
        )}
        <Field label="Description" hint="For those who read its history" control={({ id, about }) => <TextArea id={id} about={about} rows={3} value={description} onChange={setDescription} />} />
      </Form>
    </Dialog>
  );
}
