# Runs a recipe's functions as makepkg does; its variables stand in front of this text. First argument: "build" or "package".
# Source of the behaviour: makepkg's run_function_safe, update_pkgver, prepare_buildenv, run_split_packaging; libmakepkg/util/message.sh.

umask 0022
unset CDPATH GREP_OPTIONS
export COMMAND_MODE=legacy PYTHONHASHSEED=0 SOURCE_DATE_EPOCH
shopt -s extglob

gettext() { printf '%s\n' "$@"; }
plain() { local text=$1; shift; printf "    $text\n" "$@"; }
plainerr() { plain "$@" >&2; }
msg() { local text=$1; shift; printf "==> $text\n" "$@"; }
msg2() { local text=$1; shift; printf "  -> $text\n" "$@"; }
ask() { local text=$1; shift; printf ":: $text" "$@"; }
warning() { local text=$1; shift; printf "==> WARNING: $text\n" "$@" >&2; }
error() { local text=$1; shift; printf "==> ERROR: $text\n" "$@" >&2; }

# y or n as the machine (OPTIONS) and then the recipe (options) have it; the last word wins.
__rbee_option() {
  local option found=
  for option in "${OPTIONS[@]}" "${options[@]}"; do
    case $option in "$1") found=y ;; "!$1") found=n ;; esac
  done
  [[ $found = "$2" ]]
}

__rbee_source() {
  shopt -u extglob
  source "$BUILDFILE" || { error "Failed to source %s" "$BUILDFILE"; exit 12; }
  shopt -s extglob
  pkgbase=${pkgbase:-${pkgname[0]}}
}

# Adds depends_x86_64 and its like to the plain arrays (merge_arch_attrs).
__rbee_merge_arch() {
  local name
  for name in provides conflicts depends replaces optdepends makedepends checkdepends; do
    eval "$name+=(\"\${${name}_${CARCH}[@]}\")"
    unset -v "${name}_${CARCH}"
  done
}

__rbee_run() {
  local restore_shopt restore_trap
  printf '%s\n' "$1" >"$__rbee_reports/running"
  restore_shopt=$(shopt -p)
  local -
  shopt -o -s errexit errtrace
  restore_trap=$(trap -p ERR)
  trap "__rbee_failed '$1'" ERR
  (( BASH_SUBSHELL )) || msg "Starting %s()..." "$1"
  cd "$srcdir"
  "$1"
  trap - ERR
  eval "$restore_trap"
  eval "$restore_shopt"
}

__rbee_failed() {
  local status=$?
  if (( ! BASH_SUBSHELL )); then
    error "A failure occurred in %s()." "$1"
    plainerr "Aborting..."
  fi
  exit $status
}

__rbee_has() { declare -F "$1" >/dev/null; }

__rbee_buildenv() {
  if __rbee_option buildflags n; then
    unset CPPFLAGS CFLAGS CXXFLAGS LDFLAGS LTOFLAGS RUSTFLAGS DEBUG_CFLAGS DEBUG_CXXFLAGS
  else
    if __rbee_option debug y; then
      CFLAGS+=" $DEBUG_CFLAGS -ffile-prefix-map=$srcdir=/usr/src/debug/$pkgbase"
      CXXFLAGS+=" $DEBUG_CFLAGS -ffile-prefix-map=$srcdir=/usr/src/debug/$pkgbase"
    fi
    if __rbee_option lto y; then CFLAGS+=" $LTOFLAGS" CXXFLAGS+=" $LTOFLAGS" LDFLAGS+=" $LTOFLAGS"; fi
  fi
  if __rbee_option makeflags n; then unset MAKEFLAGS; fi
  if __rbee_option ccache y && [[ -d /usr/lib/ccache/bin || -d /usr/lib/ccache ]]; then
    export PATH="/usr/lib/ccache/bin:/usr/lib/ccache:$PATH"
  fi
  export CPPFLAGS CFLAGS CXXFLAGS LDFLAGS RUSTFLAGS MAKEFLAGS CHOST
}

__rbee_update_version() {
  local version lines
  msg "Starting %s()..." pkgver
  version=$(__rbee_run pkgver)
  local status=$?
  (( status == 0 )) || exit $status
  if [[ -z $version || $version = *[[:space:]/:-]* || $version = *[![:ascii:]]* ]]; then
    error "pkgver() generated an invalid version: %s" "$version"
    exit 12
  fi
  [[ $version != "$pkgver" ]] || return 0
  mapfile -t lines <"$BUILDFILE"
  lines=("${lines[@]/#pkgver=*([^ ])/pkgver=$version}")
  lines=("${lines[@]/#pkgrel=*([^ ])/pkgrel=1}")
  printf '%s\n' "${lines[@]}" >"$__rbee_reports/PKGBUILD"
  BUILDFILE=$__rbee_reports/PKGBUILD
  __rbee_source
  msg "Updated version: %s" "$pkgbase $pkgver"
}

__rbee_build() {
  if __rbee_has prepare; then __rbee_run prepare; fi
  if __rbee_has pkgver; then __rbee_update_version; fi
  __rbee_buildenv
  if __rbee_has build; then __rbee_run build; fi
  if (( __rbee_check )) && __rbee_has check; then __rbee_run check; fi
}

__rbee_fields=(pkgdesc arch url license groups depends optdepends provides conflicts replaces backup options install changelog)

__rbee_package() {
  local name field names=("${pkgname[@]}") split=0
  __rbee_buildenv
  if (( ${#names[@]} > 1 )) || __rbee_has "package_${pkgname[0]}"; then split=1; fi
  for field in "${__rbee_fields[@]}"; do eval "__rbee_kept_$field=(\"\${$field[@]}\")"; done
  for pkgname in "${names[@]}"; do
    pkgdir=$pkgdirbase/$pkgname
    mkdir -p "$pkgdir"
    chmod 755 "$pkgdir"
    if (( split )); then __rbee_run "package_$pkgname"; elif __rbee_has package; then __rbee_run package; fi
    __rbee_tidy
    __rbee_merge_arch
    __rbee_libraries
    __rbee_report >"$__rbee_reports/package-$pkgname"
    for field in "${__rbee_fields[@]}"; do
      unset -v "$field"
      eval "(( \${#__rbee_kept_$field[@]} )) && $field=(\"\${__rbee_kept_$field[@]}\")" || true
    done
  done
  pkgname=("${names[@]}")
}

# Name, count and values of every field, each ended by NUL.
__rbee_report() {
  local field
  for field in pkgbase pkgver pkgrel epoch "${__rbee_fields[@]}" makedepends checkdepends; do
    eval "printf '%s\\0' $field \"\${#$field[@]}\" \"\${$field[@]}\""
  done
}
