// Written by generate_documents.py from settings.graphql and the schema of the server. Change those.

import { documentOf } from "../graphql";

export type SettingsData = {
  readonly version: string;
  readonly instance: {
    readonly home: string;
    readonly info: string | null;
    readonly executablePath: string;
    readonly runQueuingSupported: boolean;
    readonly runLauncher: {
      readonly name: string;
    } | null;
    readonly concurrencyLimits: readonly ({
      readonly concurrencyKey: string;
      readonly slotCount: number;
      readonly limit: number | null;
    })[];
    readonly daemonHealth: {
      readonly allDaemonStatuses: readonly ({
        readonly daemonType: string;
        readonly required: boolean;
        readonly healthy: boolean | null;
        readonly lastHeartbeatTime: number | null;
        readonly lastHeartbeatErrors: readonly {
          readonly message: string;
          readonly place: string;
        }[];
      })[];
    };
  };
  readonly permissions: readonly ({
    readonly permission: string;
    readonly value: boolean;
    readonly disabledReason: string | null;
  })[];
};

export type SettingsVariables = Record<string, never>;

export const SettingsDocument = documentOf<SettingsData, SettingsVariables>(
  "Settings",
  "query Settings{version instance{home info executablePath runQueuingSupported runLauncher{name}concurrencyLimits{concurrencyKey slotCount limit}daemonHealth{allDaemonStatuses{daemonType required healthy lastHeartbeatTime lastHeartbeatErrors{message place}}}}permissions{permission value disabledReason}}",
);
