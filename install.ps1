# Installs rbee for you alone: .\install.ps1 -From URL|DIR [-Prefix DIR] [-Path] ; .\install.ps1 -Uninstall [-Prefix DIR]
param([string]$From = $env:RBEE_RELEASES, [string]$Prefix = "$env:LOCALAPPDATA\rbee", [switch]$Path, [switch]$Uninstall)
$ErrorActionPreference = "Stop"
$binary = Join-Path $Prefix "bin\rbee.exe"
$bin = Split-Path $binary

if ($Uninstall) {
  if (-not (Test-Path $binary)) { Write-Error "No rbee in $bin"; exit 3 }
  & $binary hive stop 2>$null
  Remove-Item $binary
  $old = [Environment]::GetEnvironmentVariable("Path", "User")
  [Environment]::SetEnvironmentVariable("Path", (($old -split ";" | Where-Object { $_ -ne $bin }) -join ";"), "User")
  Write-Host "Removed $binary"
  exit 0
}
if (-not $From) { Write-Error "Where is the release? .\install.ps1 -From URL|DIR"; exit 2 }

$name = "rbee-windows-x64.exe"
New-Item -ItemType Directory -Force $bin | Out-Null
$work = Join-Path $bin (".rbee-install-" + [guid]::NewGuid())
New-Item -ItemType Directory $work | Out-Null
try {
  foreach ($file in "SHA256SUMS", $name) {
    if ($From -match "^https?://") { Invoke-WebRequest -UseBasicParsing "$($From.TrimEnd('/'))/$file" -OutFile (Join-Path $work $file) }
    else { Copy-Item (Join-Path $From $file) $work }
  }
  $line = Get-Content (Join-Path $work "SHA256SUMS") | Where-Object { $_ -match "^[0-9a-f]{64} [ *]$([regex]::Escape($name))$" }
  if (-not $line) { Write-Error "The release has no $name"; exit 4 }
  $found = (Get-FileHash -Algorithm SHA256 (Join-Path $work $name)).Hash.ToLower()
  if ($found -ne $line.Substring(0, 64)) { Write-Error "$name is not what the release says (found $found)"; exit 6 }
  Move-Item -Force (Join-Path $work $name) $binary
} finally { Remove-Item -Recurse -Force $work }
Write-Host "$(& $binary --version) is in $bin"

$old = [Environment]::GetEnvironmentVariable("Path", "User")
if (($old -split ";") -notcontains $bin) {
  if ($Path) { [Environment]::SetEnvironmentVariable("Path", "$bin;$old", "User") }
  else { Write-Host "hint: $bin is not on PATH: run again with -Path" }
}
