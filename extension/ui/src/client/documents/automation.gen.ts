// Written by generate_documents.py from automation.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type Tick = {
  readonly tickId: string;
  readonly status: "STARTED" | "SKIPPED" | "SUCCESS" | "FAILURE";
  readonly timestamp: number;
  readonly endTimestamp: number | null;
  readonly runIds: readonly string[];
  readonly skipReason: string | null;
  readonly cursor: string | null;
  readonly lines: readonly string[];
  readonly missed: number;
  readonly error: {
    readonly message: string;
    readonly place: string;
    readonly text: string;
  } | null;
};

export type Preview = {
  readonly timestamp: number | null;
  readonly evaluationResult: {
    readonly skipReason: string | null;
    readonly cursor: string | null;
    readonly runRequests: readonly ({
      readonly runKey: string | null;
      readonly runConfigYaml: string;
      readonly tags: readonly {
        readonly key: string;
        readonly value: string;
      }[];
    })[] | null;
    readonly error: {
      readonly message: string;
      readonly place: string;
      readonly text: string;
    } | null;
  } | null;
};

export type AutomationData = {
  readonly repositoriesOrError: {
    readonly __typename: "RepositoryConnection";
    readonly nodes: readonly ({
      readonly name: string;
      readonly location: {
        readonly name: string;
      };
      readonly schedules: readonly ({
        readonly id: string;
        readonly name: string;
        readonly cronSchedule: string;
        readonly cronText: string;
        readonly executionTimezone: string | null;
        readonly targetText: string;
        readonly description: string | null;
        readonly scheduleState: {
          readonly id: string;
          readonly selectorId: string;
          readonly status: "RUNNING" | "STOPPED";
          readonly ticks: readonly ({
            readonly tickId: string;
            readonly status: "STARTED" | "SKIPPED" | "SUCCESS" | "FAILURE";
            readonly timestamp: number;
            readonly endTimestamp: number | null;
            readonly missed: number;
            readonly runIds: readonly string[];
          })[];
        };
        readonly next: {
          readonly results: readonly ({
            readonly timestamp: number | null;
          })[];
        };
        readonly futureTicks: {
          readonly results: readonly ({
            readonly timestamp: number | null;
          })[];
        };
      })[];
      readonly sensors: readonly ({
        readonly id: string;
        readonly name: string;
        readonly sensorType: "STANDARD" | "RUN_STATUS" | "ASSET" | "MULTI_ASSET" | "FRESHNESS_POLICY" | "AUTO_MATERIALIZE" | "AUTOMATION" | "UNKNOWN";
        readonly minIntervalSeconds: number;
        readonly targetText: string;
        readonly description: string | null;
        readonly sensorState: {
          readonly id: string;
          readonly selectorId: string;
          readonly status: "RUNNING" | "STOPPED";
          readonly ticks: readonly ({
            readonly tickId: string;
            readonly status: "STARTED" | "SKIPPED" | "SUCCESS" | "FAILURE";
            readonly timestamp: number;
            readonly endTimestamp: number | null;
            readonly missed: number;
            readonly runIds: readonly string[];
          })[];
        };
        readonly nextTick: {
          readonly timestamp: number | null;
        } | null;
      })[];
    })[];
  } | {
    readonly __typename: "RepositoryNotFoundError" | "PythonError";
    readonly message: string;
  };
  readonly instance: {
    readonly daemonHealth: {
      readonly allDaemonStatuses: readonly ({
        readonly daemonType: string;
        readonly healthy: boolean | null;
        readonly required: boolean;
        readonly lastHeartbeatTime: number | null;
      })[];
    };
  };
};

export type AutomationVariables = { readonly ticks: number; readonly after?: number | null; readonly until?: number | null };

export const AutomationDocument = documentOf<AutomationData, AutomationVariables>(
  "Automation",
  "query Automation($ticks:Int!$after:Float$until:Float){repositoriesOrError{__typename ...on RepositoryConnection{nodes{name location{name}schedules{id name cronSchedule cronText executionTimezone targetText description scheduleState{id selectorId status ticks(limit:$ticks afterTimestamp:$after){tickId status timestamp endTimestamp missed runIds}}next:futureTicks(limit:1){results{timestamp}}futureTicks(limit:370 until:$until){results{timestamp}}}sensors{id name sensorType minIntervalSeconds targetText description sensorState{id selectorId status ticks(limit:$ticks afterTimestamp:$after){tickId status timestamp endTimestamp missed runIds}}nextTick{timestamp}}}}...on Error{message}}instance{daemonHealth{allDaemonStatuses{daemonType healthy required lastHeartbeatTime}}}}",
);

export type ScheduleData = {
  readonly scheduleOrError: {
    readonly __typename: "Schedule";
    readonly id: string;
    readonly name: string;
    readonly cronSchedule: string;
    readonly cronText: string;
    readonly executionTimezone: string | null;
    readonly targetText: string;
    readonly pipelineName: string;
    readonly description: string | null;
    readonly scheduleState: {
      readonly id: string;
      readonly selectorId: string;
      readonly status: "RUNNING" | "STOPPED";
      readonly ticks: readonly ({
        readonly tickId: string;
        readonly status: "STARTED" | "SKIPPED" | "SUCCESS" | "FAILURE";
        readonly timestamp: number;
        readonly endTimestamp: number | null;
        readonly runIds: readonly string[];
        readonly skipReason: string | null;
        readonly cursor: string | null;
        readonly lines: readonly string[];
        readonly missed: number;
        readonly error: {
          readonly message: string;
          readonly place: string;
          readonly text: string;
        } | null;
      })[];
    };
    readonly futureTicks: {
      readonly results: readonly ({
        readonly timestamp: number | null;
      })[];
    };
  } | {
    readonly __typename: "ScheduleNotFoundError" | "PythonError";
    readonly message: string;
  };
};

export type ScheduleVariables = { readonly selector: { readonly repositoryName: string; readonly repositoryLocationName: string; readonly scheduleName: string }; readonly ticks: number; readonly cursor?: string | null; readonly statuses?: readonly ("STARTED" | "SKIPPED" | "SUCCESS" | "FAILURE")[] | null };

export const ScheduleDocument = documentOf<ScheduleData, ScheduleVariables>(
  "Schedule",
  "query Schedule($selector:ScheduleSelector!$ticks:Int!$cursor:String$statuses:[InstigationTickStatus!]){scheduleOrError(scheduleSelector:$selector){__typename ...on Schedule{id name cronSchedule cronText executionTimezone targetText pipelineName description scheduleState{id selectorId status ticks(limit:$ticks cursor:$cursor statuses:$statuses){...Tick}}futureTicks(limit:8){results{timestamp}}}...on Error{message}}}fragment Tick on InstigationTick{tickId status timestamp endTimestamp runIds skipReason cursor lines missed error{message place text}}",
);

export type SensorData = {
  readonly sensorOrError: {
    readonly __typename: "Sensor";
    readonly id: string;
    readonly name: string;
    readonly sensorType: "STANDARD" | "RUN_STATUS" | "ASSET" | "MULTI_ASSET" | "FRESHNESS_POLICY" | "AUTO_MATERIALIZE" | "AUTOMATION" | "UNKNOWN";
    readonly minIntervalSeconds: number;
    readonly targetText: string;
    readonly description: string | null;
    readonly nextTick: {
      readonly timestamp: number | null;
    } | null;
    readonly sensorState: {
      readonly id: string;
      readonly selectorId: string;
      readonly status: "RUNNING" | "STOPPED";
      readonly typeSpecificData: {
        readonly __typename: "SensorData";
        readonly lastCursor: string | null;
        readonly lastRunKey: string | null;
      } | {
        readonly __typename: "ScheduleData";
      } | null;
      readonly ticks: readonly ({
        readonly tickId: string;
        readonly status: "STARTED" | "SKIPPED" | "SUCCESS" | "FAILURE";
        readonly timestamp: number;
        readonly endTimestamp: number | null;
        readonly runIds: readonly string[];
        readonly skipReason: string | null;
        readonly cursor: string | null;
        readonly lines: readonly string[];
        readonly missed: number;
        readonly error: {
          readonly message: string;
          readonly place: string;
          readonly text: string;
        } | null;
      })[];
    };
  } | {
    readonly __typename: "SensorNotFoundError" | "UnauthorizedError" | "PythonError";
    readonly message: string;
  };
};

export type SensorVariables = { readonly selector: { readonly repositoryName: string; readonly repositoryLocationName: string; readonly sensorName: string }; readonly ticks: number; readonly cursor?: string | null; readonly statuses?: readonly ("STARTED" | "SKIPPED" | "SUCCESS" | "FAILURE")[] | null };

export const SensorDocument = documentOf<SensorData, SensorVariables>(
  "Sensor",
  "query Sensor($selector:SensorSelector!$ticks:Int!$cursor:String$statuses:[InstigationTickStatus!]){sensorOrError(sensorSelector:$selector){__typename ...on Sensor{id name sensorType minIntervalSeconds targetText description nextTick{timestamp}sensorState{id selectorId status typeSpecificData{__typename ...on SensorData{lastCursor lastRunKey}}ticks(limit:$ticks cursor:$cursor statuses:$statuses){...Tick}}}...on Error{message}}}fragment Tick on InstigationTick{tickId status timestamp endTimestamp runIds skipReason cursor lines missed error{message place text}}",
);

export type StartScheduleData = {
  readonly startSchedule: {
    readonly __typename: "PythonError" | "UnauthorizedError" | "ScheduleNotFoundError";
    readonly message: string;
  } | {
    readonly __typename: "ScheduleStateResult";
  };
};

export type StartScheduleVariables = { readonly selector: { readonly repositoryName: string; readonly repositoryLocationName: string; readonly scheduleName: string } };

export const StartScheduleDocument = documentOf<StartScheduleData, StartScheduleVariables>(
  "StartSchedule",
  "mutation StartSchedule($selector:ScheduleSelector!){startSchedule(scheduleSelector:$selector){__typename ...on Error{message}}}",
);

export type StopScheduleData = {
  readonly stopRunningSchedule: {
    readonly __typename: "PythonError" | "UnauthorizedError" | "ScheduleNotFoundError";
    readonly message: string;
  } | {
    readonly __typename: "ScheduleStateResult";
  };
};

export type StopScheduleVariables = { readonly id: string };

export const StopScheduleDocument = documentOf<StopScheduleData, StopScheduleVariables>(
  "StopSchedule",
  "mutation StopSchedule($id:String!){stopRunningSchedule(id:$id){__typename ...on Error{message}}}",
);

export type ResetScheduleData = {
  readonly resetSchedule: {
    readonly __typename: "PythonError" | "UnauthorizedError" | "ScheduleNotFoundError";
    readonly message: string;
  } | {
    readonly __typename: "ScheduleStateResult";
  };
};

export type ResetScheduleVariables = { readonly selector: { readonly repositoryName: string; readonly repositoryLocationName: string; readonly scheduleName: string } };

export const ResetScheduleDocument = documentOf<ResetScheduleData, ResetScheduleVariables>(
  "ResetSchedule",
  "mutation ResetSchedule($selector:ScheduleSelector!){resetSchedule(scheduleSelector:$selector){__typename ...on Error{message}}}",
);

export type StartSensorData = {
  readonly startSensor: {
    readonly __typename: "Sensor";
  } | {
    readonly __typename: "SensorNotFoundError" | "UnauthorizedError" | "PythonError";
    readonly message: string;
  };
};

export type StartSensorVariables = { readonly selector: { readonly repositoryName: string; readonly repositoryLocationName: string; readonly sensorName: string } };

export const StartSensorDocument = documentOf<StartSensorData, StartSensorVariables>(
  "StartSensor",
  "mutation StartSensor($selector:SensorSelector!){startSensor(sensorSelector:$selector){__typename ...on Error{message}}}",
);

export type StopSensorData = {
  readonly stopSensor: {
    readonly __typename: "StopSensorMutationResult";
  } | {
    readonly __typename: "UnauthorizedError" | "PythonError";
    readonly message: string;
  };
};

export type StopSensorVariables = { readonly id: string };

export const StopSensorDocument = documentOf<StopSensorData, StopSensorVariables>(
  "StopSensor",
  "mutation StopSensor($id:String!){stopSensor(id:$id){__typename ...on Error{message}}}",
);

export type ResetSensorData = {
  readonly resetSensor: {
    readonly __typename: "Sensor";
  } | {
    readonly __typename: "SensorNotFoundError" | "UnauthorizedError" | "PythonError";
    readonly message: string;
  };
};

export type ResetSensorVariables = { readonly selector: { readonly repositoryName: string; readonly repositoryLocationName: string; readonly sensorName: string } };

export const ResetSensorDocument = documentOf<ResetSensorData, ResetSensorVariables>(
  "ResetSensor",
  "mutation ResetSensor($selector:SensorSelector!){resetSensor(sensorSelector:$selector){__typename ...on Error{message}}}",
);

export type SetCursorData = {
  readonly setSensorCursor: {
    readonly __typename: "Sensor";
  } | {
    readonly __typename: "SensorNotFoundError" | "UnauthorizedError" | "PythonError";
    readonly message: string;
  };
};

export type SetCursorVariables = { readonly selector: { readonly repositoryName: string; readonly repositoryLocationName: string; readonly sensorName: string }; readonly cursor?: string | null };

export const SetCursorDocument = documentOf<SetCursorData, SetCursorVariables>(
  "SetCursor",
  "mutation SetCursor($selector:SensorSelector!$cursor:String){setSensorCursor(sensorSelector:$selector cursor:$cursor){__typename ...on Error{message}}}",
);

export type PreviewScheduleData = {
  readonly scheduleDryRun: {
    readonly __typename: "DryRunInstigationTick";
    readonly timestamp: number | null;
    readonly evaluationResult: {
      readonly skipReason: string | null;
      readonly cursor: string | null;
      readonly runRequests: readonly ({
        readonly runKey: string | null;
        readonly runConfigYaml: string;
        readonly tags: readonly {
          readonly key: string;
          readonly value: string;
        }[];
      })[] | null;
      readonly error: {
        readonly message: string;
        readonly place: string;
        readonly text: string;
      } | null;
    } | null;
  } | {
    readonly __typename: "PythonError" | "ScheduleNotFoundError" | "UnauthorizedError";
    readonly message: string;
  };
};

export type PreviewScheduleVariables = { readonly selector: { readonly repositoryName: string; readonly repositoryLocationName: string; readonly scheduleName: string }; readonly at?: number | null };

export const PreviewScheduleDocument = documentOf<PreviewScheduleData, PreviewScheduleVariables>(
  "PreviewSchedule",
  "mutation PreviewSchedule($selector:ScheduleSelector!$at:Float){scheduleDryRun(selectorData:$selector timestamp:$at){__typename ...on DryRunInstigationTick{...Preview}...on Error{message}}}fragment Preview on DryRunInstigationTick{timestamp evaluationResult{skipReason cursor runRequests{runKey runConfigYaml tags{key value}}error{message place text}}}",
);

export type PreviewSensorData = {
  readonly sensorDryRun: {
    readonly __typename: "PythonError" | "SensorNotFoundError" | "UnauthorizedError";
    readonly message: string;
  } | {
    readonly __typename: "DryRunInstigationTick";
    readonly timestamp: number | null;
    readonly evaluationResult: {
      readonly skipReason: string | null;
      readonly cursor: string | null;
      readonly runRequests: readonly ({
        readonly runKey: string | null;
        readonly runConfigYaml: string;
        readonly tags: readonly {
          readonly key: string;
          readonly value: string;
        }[];
      })[] | null;
      readonly error: {
        readonly message: string;
        readonly place: string;
        readonly text: string;
      } | null;
    } | null;
  };
};

export type PreviewSensorVariables = { readonly selector: { readonly repositoryName: string; readonly repositoryLocationName: string; readonly sensorName: string }; readonly cursor?: string | null };

export const PreviewSensorDocument = documentOf<PreviewSensorData, PreviewSensorVariables>(
  "PreviewSensor",
  "mutation PreviewSensor($selector:SensorSelector!$cursor:String){sensorDryRun(selectorData:$selector cursor:$cursor){__typename ...on DryRunInstigationTick{...Preview}...on Error{message}}}fragment Preview on DryRunInstigationTick{timestamp evaluationResult{skipReason cursor runRequests{runKey runConfigYaml tags{key value}}error{message place text}}}",
);
