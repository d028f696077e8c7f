// A button that starts or changes something: off where the server only shows, and it says so.

import type { JSX } from "preact";
import type { ButtonProps } from "../../ui/Button";
import { Button } from "../../ui/Button";
import { useWhyNot } from "../frame/instance";

export function ActButton(props: ButtonProps): JSX.Element {
  const whyNot = useWhyNot();
  return <Button {...props} disabled={props.disabled === true || whyNot !== undefined} title={whyNot ?? props.title} />;
}
