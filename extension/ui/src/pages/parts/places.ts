// In which code location a job, a schedule or a sensor is: named in the address, else the only one that has it.

import type { PlacesData } from "../../client/documents/jobs.gen";
import { PlacesDocument } from "../../client/documents/jobs.gen";
import type { Query } from "../frame/query";
import { useQuery } from "../frame/query";
import { useRoute } from "../frame/route";

export interface Origin {
  readonly repositoryName: string;
  readonly repositoryLocationName: string;
}

export type Sort = "jobs" | "schedules" | "sensors";

/** Null while it is not known, or when nothing has that name: `query` says which. */
export function useOrigin(sort: Sort, name: string): { readonly origin: Origin | null; readonly query: Query<PlacesData> } {
  const place = useRoute();
  const query = useQuery(PlacesDocument, {}, { on: ({ other }) => other.length > 0 });
  return { origin: query.data === null ? null : originOf(query.data, sort, name, place.query.get("location")), query };
}

export function originOf(data: PlacesData, sort: Sort, name: string, location: string | null): Origin | null {
  if (data.repositoriesOrError.__typename !== "RepositoryConnection") return null;
  const fitting = data.repositoriesOrError.nodes.filter((node) => node[sort].some((one) => one.name === name));
  const found = fitting.find((node) => node.location.name === location) ?? fitting[0];
  return found === undefined ? null : { repositoryName: found.name, repositoryLocationName: found.location.name };
}
