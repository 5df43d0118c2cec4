// The tree that the parser makes of a recipe: the part of bash that recipes are written in (bash(1), SHELL GRAMMAR and EXPANSION).

export interface Word {
  readonly parts: readonly Part[];
  /** Where the word stands in the text. */
  readonly start: number;
  readonly end: number;
}

export type Part =
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "quoted"; readonly value: string }
  | { readonly type: "double"; readonly parts: readonly Part[] }
  | Parameter
  | { readonly type: "command"; readonly body: List; readonly start: number }
  | { readonly type: "arithmetic"; readonly parts: readonly Part[]; readonly start: number }
  /** Parsed over, for functions that are never run; whoever expands it hands over. */
  | { readonly type: "unmodelled"; readonly reason: string; readonly start: number };

export type Subscript = "@" | "*" | Word;

export interface Parameter {
  readonly type: "parameter";
  readonly name: string;
  readonly start: number;
  /** Written without braces. */
  readonly bare?: boolean;
  readonly subscript?: Subscript;
  readonly indirect?: boolean;
  readonly length?: boolean;
  /** `${!name@}` and `${!name*}`. */
  readonly prefix?: "@" | "*";
  /** `:-`, `-`, `#`, `##`, `//`, `^^`, `:` (a slice), `@` (a transformation) … */
  readonly operator?: string;
  /** The word after the operator: default, pattern, offset or the transformation's letter. */
  readonly word?: Word;
  /** Replacement after the second `/`, or the length of a slice. */
  readonly second?: Word;
}

export interface Assignment {
  readonly name: string;
  readonly append: boolean;
  readonly subscript?: Word;
  readonly value: Word | ArrayValue;
  readonly start: number;
}

export interface ArrayValue {
  readonly type: "array";
  readonly elements: readonly ArrayElement[];
}

export interface ArrayElement {
  readonly subscript?: Word;
  readonly append?: boolean;
  readonly value: Word;
}

export interface Redirect {
  readonly operator: string;
  readonly descriptor?: number;
  readonly target: Word;
  readonly start: number;
}

export interface Simple {
  readonly type: "simple";
  readonly assignments: readonly Assignment[];
  /** Arguments; assignments among them only after `declare` and its relatives. */
  readonly words: readonly (Word | Assignment)[];
  readonly redirects: readonly Redirect[];
  readonly start: number;
}

export type Compound =
  | { readonly type: "group" | "subshell"; readonly body: List }
  | { readonly type: "if"; readonly branches: readonly { readonly condition: List; readonly body: List }[]; readonly otherwise?: List }
  | { readonly type: "for"; readonly name: string; readonly words?: readonly Word[]; readonly body: List }
  | { readonly type: "cfor"; readonly expressions: readonly [Word, Word, Word]; readonly body: List }
  | { readonly type: "while" | "until"; readonly condition: List; readonly body: List }
  | { readonly type: "case"; readonly subject: Word; readonly clauses: readonly CaseClause[] }
  | { readonly type: "condition"; readonly expression: Condition }
  | { readonly type: "arithmetic"; readonly expression: Word }
  | { readonly type: "function"; readonly name: string; readonly body: Command };

export interface CaseClause {
  readonly patterns: readonly Word[];
  readonly body: List;
  readonly end: ";;" | ";&" | ";;&";
}

export type Condition =
  | { readonly type: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly type: "not"; readonly operand: Condition }
  | { readonly type: "unary"; readonly operator: string; readonly operand: Word }
  | { readonly type: "binary"; readonly operator: string; readonly left: Word; readonly right: Word };

export type Command = Simple | (Compound & { readonly redirects: readonly Redirect[]; readonly start: number; readonly end: number });

export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}

export interface AndOr {
  readonly first: Pipeline;
  readonly rest: readonly { readonly operator: "&&" | "||"; readonly pipeline: Pipeline }[];
  readonly background: boolean;
  readonly start: number;
}

export type List = readonly AndOr[];

export const isAssignment = (item: Word | Assignment): item is Assignment => "value" in item;
