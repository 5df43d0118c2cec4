// The sign of rbee.

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path className="mark-cell" d="M16 2.5 27.7 9.2v13.6L16 29.5 4.3 22.8V9.2z" />
      <path className="mark-core" d="M16 9.5 21.6 12.8v6.4L16 22.5l-5.6-3.3v-6.4z" />
    </svg>
  );
}
