// Turning schedules and sensors on and off.

import { StartScheduleDocument, StartSensorDocument, StopScheduleDocument, StopSensorDocument } from "../../client/documents/automation.gen";
import type { Origin } from "../parts/places";
import { useDo } from "../parts/asking";

export interface Switched {
  readonly kind: "schedule" | "sensor";
  readonly name: string;
  /** The id of its state. */
  readonly id: string;
  readonly origin: Origin;
}

/** Turn one on or off; true when it was done. */
export function useSwitch(): (one: Switched, on: boolean) => Promise<boolean> {
  const act = useDo();
  return async ({ kind, name, id, origin }, on) => {
    const done = `${name} is ${on ? "on" : "off"}.`;
    if (kind === "schedule") {
      const selector = { ...origin, scheduleName: name };
      return (await (on ? act(StartScheduleDocument, { selector }, done) : act(StopScheduleDocument, { id }, done))) !== null;
    }
    const selector = { ...origin, sensorName: name };
    return (await (on ? act(StartSensorDocument, { selector }, done) : act(StopSensorDocument, { id }, done))) !== null;
  };
}
