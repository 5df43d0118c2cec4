// A table that becomes a list of cards where there is no room for columns.
import type { ReactNode } from "react";

interface TableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly columns: readonly {
    readonly title: string;
    readonly cell: (row: Row) => ReactNode;
    readonly look?: "number" | "short" | "actions";
  }[];
}

export function Table<Row>({ label, rows, keyOf, columns }: TableProps<Row>) {
  return (
    <table className="table" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ title, look = "" }) => (
            <th key={title} scope="col" className={look}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ title, cell, look = "" }, at) => {
              const content = cell(row);
              const isEmpty = content === "" || content === undefined || content === null;
              const Cell = at === 0 ? "th" : "td";
              return (
                <Cell
                  key={title}
                  data-title={title}
                  className={`${look} ${isEmpty ? "blank" : ""}`}
                  {...(at === 0 ? { scope: "row" as const } : {})}
                >
                  {content}
                </Cell>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
