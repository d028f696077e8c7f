// What stands in the console: the operation that is asked, the variables, and where to begin.

/** The name of the first operation; empty for one without a name. */
export function operationOf(text: string): string {
  const bare = text.replace(/#[^\n]*/g, "").replace(/"(?:\\.|[^"\\\n])*"/g, '""');
  return /\b(?:query|mutation|subscription)\s+([A-Za-z_]\w*)/.exec(bare)?.[1] ?? "";
}

export function variablesOf(text: string): { readonly value: unknown; readonly problem: string | null } {
  if (text.trim() === "") return { value: {}, problem: null };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { value, problem: null };
    return { value: null, problem: 'Variables are an object, such as {"limit": 5}.' };
  } catch (error) {
    return { value: null, problem: `The variables are no JSON: ${error instanceof Error ? error.message : String(error)}.` };
  }
}

export const EXAMPLES: readonly { readonly name: string; readonly text: string }[] = [
  {
    name: "The newest runs",
    text: `query NewestRuns {
  runsOrError(limit: 10) {
    ... on Runs {
      results {
        runId
        title
        status
        failureText
        startTime
        endTime
      }
    }
  }
}
`,
  },
  {
    name: "Assets and when they were made",
    text: `query Assets {
  assetNodes {
    assetKey {
      path
    }
    groupName
    assetMaterializations(limit: 1) {
      timestamp
      runId
    }
  }
}
`,
  },
  {
    name: "Schedules and sensors",
    text: `query Automation {
  repositoriesOrError {
    ... on RepositoryConnection {
      nodes {
        schedules {
          name
          cronText
          scheduleState {
            status
          }
        }
        sensors {
          name
          sensorState {
            status
          }
        }
      }
    }
  }
}
`,
  },
  {
    name: "Start a job",
    text: `mutation Start($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess {
      run {
        runId
      }
    }
    ... on Error {
      message
    }
  }
}
`,
  },
];
