// A field that narrows down what is shown, or looks for it.
import { Search } from "lucide-react";
import type { KeyboardEventHandler } from "react";

interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onKeyDown?: KeyboardEventHandler;
}

export function SearchField({ label, value, onChange, onKeyDown }: SearchFieldProps) {
  return (
    <label className="search">
      <Search aria-hidden className="icon" />
      <span className="visually-hidden">{label}</span>
      <input type="search" value={value} placeholder={label} onChange={(event) => onChange(event.target.value)} onKeyDown={onKeyDown} />
    </label>
  );
}
