// Completion for PowerShell: a table of what may follow which words. Source: Register-ArgumentCompleter, -Native.
import { FLAG_IDS, type Place } from "./places.ts";

export const powershell = (places: readonly Place[]) => `# rbee completion for PowerShell
Register-ArgumentCompleter -Native -CommandName rbee -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $places = @{
${places.map(({ path, words, ids }) => `    ${quote(path)} = @{ Ids = ${quote(ids ?? "")}; Words = @(${words.map(({ word, summary }) => `@(${quote(word)}, ${quote(summary || word)})`).join(", ")}) }`).join("\n")}
  }
  $flagIds = @{ ${Object.entries(FLAG_IDS)
    .map(([flag, kind]) => `${quote(flag)} = ${quote(kind)}`)
    .join("; ")} }
  $typed = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  $ids = { param($kind) & rbee __ids $kind 2>$null | ForEach-Object { , @($_, $_) } }
  $last = if ($typed.Count -gt 0) { $typed[-1] } else { '' }
  if ($flagIds.ContainsKey($last)) { $found = @(& $ids $flagIds[$last]) }
  else {
    $place = $places[(($typed | Where-Object { $_ -notlike '-*' }) -join ' ')]
    if (-not $place) { return }
    $found = @($place.Words)
    if ($place.Ids) { $found += @(& $ids $place.Ids) }
  }
  $found | Where-Object { $_[0] -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}`;

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
