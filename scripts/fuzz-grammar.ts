// A grammar of recipes for the fuzzer: mostly well-formed bash, sometimes cut, doubled or sprinkled with odd characters.

/** Makes recipes from a seed; the same seed makes the same recipe. */
export function generator(seed: number) {
  let state = (seed * 2654435761) >>> 0 || 1;
  /** xorshift32 (Marsaglia, "Xorshift RNGs", 2003). */
  const random = (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)] as Item;
  const some = (count: number, make: () => string, glue: string) => Array.from({ length: random(count + 1) }, make).join(glue);
  let depth = 0;
  const deeper = (make: () => string) => {
    if (depth > 6) return "x";
    depth++;
    const text = make();
    depth--;
    return text;
  };

  const name = () =>
    pick([
      "pkgname",
      "pkgver",
      "pkgrel",
      "pkgdesc",
      "arch",
      "source",
      "depends",
      "_x",
      "_y",
      "a",
      "options",
      "sha256sums",
      "source_x86_64",
      "IFS",
      "epoch",
    ]);
  const plain = () =>
    pick([
      "foo",
      "1.2",
      "a b",
      "x=y",
      "-",
      "*",
      "?",
      "[a-z]",
      "{a,b}",
      "{1..3}",
      "~",
      "$",
      "#c",
      "é",
      "git+https://x/y.git",
      "",
      "0x1f",
      "\\",
      "&",
      "!",
    ]);
  const operator = () => pick([":-", "-", ":+", "+", ":=", "#", "##", "%", "%%", "/", "//", "/#", "/%", "^", "^^", ",", ",,", ":", "@"]);
  const parameter = (): string =>
    pick([
      () => `$${name()}`,
      () => `\${${name()}}`,
      () => `\${#${name()}[@]}`,
      () => `\${${name()}[${pick(["@", "*", "0", "-1", "1+1", "_x"])}]}`,
      () => `\${!${name()}${pick(["", "[@]", "*", "@"])}}`,
      () => `\${${name()}${pick(["", "[@]"])}${operator()}${deeper(part)}${pick(["", `/${plain()}`, `:${random(9)}`])}}`,
      () => `$${pick(["1", "@", "*", "#", "?", "$", "!"])}`,
    ])();
  const part = (): string =>
    pick([
      plain,
      plain,
      parameter,
      () => `'${plain()}'`,
      () => `"${some(3, () => deeper(part), "")}"`,
      () => `$'\\${pick(["n", "t", "x41", "101", "u00e9", "'", "z"])}'`,
      () => `$(${deeper(command)})`,
      () => `\`${pick(["echo x", "printf %s y", ""])}\``,
      () => `$((${deeper(arithmetic)}))`,
    ])();
  const word = (): string => part() + (random(3) === 0 ? part() : "");
  const arithmetic = (): string =>
    pick([
      () => String(random(99)),
      () => pick(["_x", "a", "a[1]"]),
      () => `${deeper(arithmetic)}${pick(["+", "-", "*", "/", "%", "**", "<<", "&&", "?1:", ",", "=", "++"])}${deeper(arithmetic)}`,
      () => `(${deeper(arithmetic)})`,
    ])();
  const array = () =>
    `(${some(5, () => pick([word, word, () => `[${random(9)}]=${word()}`, () => `# ${plain()}\n`])(), pick([" ", "\n  "]))})`;
  const assignment = (): string => `${name()}${pick(["=", "=", "+=", `[${random(4)}]=`])}${pick([word, array])()}`;
  const condition = (): string =>
    pick([
      () => `[[ ${word()} ${pick(["==", "!=", "=", "<", "-eq", "-gt", "=~"])} ${word()} ]]`,
      () => `[[ -${pick(["n", "z", "v", "f"])} ${word()} && ${deeper(part)} ]]`,
      () => `[ ${word()} ${pick(["=", "-lt", "!="])} ${word()} ]`,
      () => `((${deeper(arithmetic)}))`,
      () => pick(["true", "false", ":"]),
    ])();
  const lines = (): string => Array.from({ length: 1 + random(3) }, () => deeper(command)).join(pick(["\n", "; "]));
  const command = (): string =>
    pick([
      assignment,
      assignment,
      assignment,
      () => `if ${condition()}; then\n${lines()}\n${pick(["", `else ${lines()}\n`])}fi`,
      () => `for ${name()} in ${some(4, word, " ")}; do ${lines()}; done`,
      () => `for ((i=0; i<${random(20)}; i++)); do ${lines()}; done`,
      () => `${pick(["while", "until"])} ${condition()}; do ${lines()}; done`,
      () => `case ${word()} in ${plain()}|*) ${lines()};; esac`,
      () => `${pick(["f", "package", "package_foo", "build"])}() {\n  ${lines()}\n}`,
      () =>
        pick([
          "f",
          "shopt -s extglob",
          "unset _x",
          "declare -A m",
          "declare -A m=(k1 v1 k2 v2 k3)",
          "m=([one]=1 [two]=2 [three]=3)",
          'depends+=("${!m[@]}" "${m[@]}")',
          "set -u",
          "set +u",
          "COMPRESSZST+=(-T0)",
          "[[ -f PKGBUILD ]]",
          "pkgrel=$((10#08))",
          "depends+=($(((1)) && echo x))",
          "local z=1",
          "set -e",
          "eval 'a=1'",
          "read -r a <<< 'x y'",
          "return 1",
          "break",
        ]),
      () => `printf '${pick(["%s\\n", "%d", "%5s", "%q"])}' ${word()}`,
      () => `${condition()} ${pick(["&&", "||"])} ${deeper(command)}`,
      () => `cat <<EOF\n${plain()}\nEOF`,
      () => `{ ${lines()}; }`,
      () => `(${lines()})`,
      () => `${deeper(command)} | ${deeper(command)}`,
      () => `${deeper(command)} &`,
    ])();

  const damage = (text: string): string =>
    pick([
      () => text,
      () => text,
      () => text,
      () => text.slice(0, random(text.length + 1)),
      () =>
        text.slice(0, random(text.length + 1)) +
        pick(["'", '"', "(", ")", "{", "}", "`", "$(", "${", "\\", "\n", "\0", ";;", "<<", "\u{1f600}"]) +
        text.slice(random(text.length + 1)),
      () => text + pick(["$((", "{a,b}", "((((", "[[ ", "_x=$_x$_x;"]).repeat(1 + random(300)),
    ])();

  return {
    /** A recipe without damage whose last lines show what its variables became; of the commands that are made up those stay that `isGood` with them. */
    grown: (isGood: (recipe: string) => boolean) => {
      const end = 'groups=("$_x" "${_x[@]}" "${_y[@]}" "${a[@]}" "${m[@]}")\n';
      let text = "pkgname=foo\npkgver=1\npkgrel=1\narch=(any)\n_x=one\n_y=('a b' c)\na=(x '' y)\n";
      for (let tries = 0; tries < 60; tries++) {
        const longer = `${text}${command()}\n`;
        if (isGood(longer + end)) text = longer;
      }
      return text + end;
    },
    recipe: () => damage(`pkgname=foo\npkgver=1\npkgrel=1\narch=(any)\n${Array.from({ length: 1 + random(12) }, command).join("\n")}\n`),
  };
}
