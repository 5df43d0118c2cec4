// One of several, as buttons of which one is pressed.

import { Toggle } from "@base-ui/react/toggle";
import { ToggleGroup } from "@base-ui/react/toggle-group";

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly options: readonly { readonly value: Value; readonly text: string }[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

export function Choice<Value extends string>({ label, options, value, onChange }: ChoiceProps<Value>) {
  // Pressing what is pressed changes nothing: one is always chosen.
  const change = ([next]: readonly string[]) => next !== undefined && onChange(next as Value);
  return (
    <ToggleGroup className="choice" aria-label={label} value={[value]} onValueChange={change}>
      {options.map((option) => (
        <Toggle key={option.value} value={option.value} className="choice-option">
          {option.text}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}
