// What the pages of a schedule and of a sensor share: the switch, the facts, what comes next.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { Switch } from "../../ui/Form";
import { fullTime } from "../../ui/format";
import type { PageProps } from "../frame/route";
import { A } from "../frame/route";
import { Await } from "../frame/query";
import { PageHead } from "../frame/Frame";
import { useWhyNot } from "../frame/instance";
import { Empty } from "../../ui/Notes";
import type { Origin, Sort } from "../parts/places";
import { useOrigin } from "../parts/places";
import { onClock, untilWords } from "../parts/Time";
import type { Switched } from "./switches";
import { useSwitch } from "./switches";

export function OnSwitch({ one, isOn, again }: { readonly one: Switched; readonly isOn: boolean; readonly again: () => void }): JSX.Element {
  const turn = useSwitch();
  const whyNot = useWhyNot();
  const [wish, setWish] = useState<boolean | null>(null);
  const shown = wish ?? isOn;
  return (
    <label class="nb-row">
      <Switch
        on={shown}
        label={`${one.name} on`}
        disabled={whyNot !== undefined}
        {...(whyNot === undefined ? {} : { title: whyNot })}
        onChange={(on) => {
          setWish(on);
          void turn(one, on).then(() => {
            again();
            setTimeout(() => setWish(null), 600);
          });
        }}
      />
      <span aria-hidden="true">{shown ? "on" : "off"}</span>
    </label>
  );
}

export function Coming({ times, zone, now, title, empty }: { readonly times: readonly number[]; readonly zone: string | null; readonly now: number; readonly title: string; readonly empty: string }): JSX.Element {
  return (
    <section class="nb-card" role="group" aria-label={title}>
      <header class="nb-head">
        <h2 class="nb-title">{title}</h2>
        {zone !== null && zone !== "" && <span class="nb-push nb-micro">{zone}</span>}
      </header>
      {times.length === 0 && <p class="nb-body nb-small nb-2">{empty}</p>}
      <ul class="nb-next">
        {times.map((at) => (
          <li key={at} title={fullTime(at)}>
            <span>{onClock(at, zone)}</span>
            <span class="nb-2">{untilWords(at, now)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The page of one, once it is known which location it is in. */
export function InstigatorPage(props: PageProps & { readonly sort: Sort; readonly word: string; readonly children: (name: string, origin: Origin) => ComponentChildren }): JSX.Element {
  const name = props.params.get("name") ?? "";
  const { origin, query } = useOrigin(props.sort, name);
  if (origin !== null) return <>{props.children(name, origin)}</>;
  return (
    <PageHead title={name} above={<A to="/automation">Automation</A>}>
      <Await query={query} what={name}>
        {() => (
          <Empty title={`There is no such ${props.word}`}>
            No code location defines <span class="nb-mono">{name}</span> now. See <A to="/automation">all of them</A>.
          </Empty>
        )}
      </Await>
    </PageHead>
  );
}
