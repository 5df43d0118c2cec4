
cd "$startdir" || exit 1
# What pkgver() found in the first run is written here.
if [[ -f $__rbee_reports/PKGBUILD ]]; then BUILDFILE=$__rbee_reports/PKGBUILD; fi
__rbee_source
__rbee_merge_arch
case $1 in
  build) __rbee_build; printf '%s\0' "$pkgver" "$pkgrel" >"$__rbee_reports/version" ;;
  package) __rbee_package ;;
esac
