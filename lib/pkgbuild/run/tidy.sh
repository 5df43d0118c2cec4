# What happens to a package's files after its function, by options=(). Source of the rules: libmakepkg/tidy/*.sh, in makepkg's order.

__rbee_tidy() {
  cd "$pkgdir" || exit 1
  msg "Tidying install..."
  __rbee_tidy_docs
  if __rbee_option emptydirs n; then find . -depth -mindepth 1 -type d -empty -delete; fi
  if __rbee_option libtool n; then find . ! -type d -name '*.la' -exec rm -f -- {} +; fi
  if __rbee_option purge y; then
    rm -f -- usr/info/dir usr/share/info/dir
    find . ! -type d \( -name .packlist -o -name '*.pod' \) -exec rm -f -- {} +
  fi
  if __rbee_option staticlibs n; then __rbee_tidy_staticlibs; fi
  if __rbee_option strip y; then __rbee_tidy_strip; fi
  if __rbee_option zipman y; then __rbee_tidy_zipman; fi
  cd "$startdir" || exit 1
}

__rbee_tidy_docs() {
  __rbee_option docs n || return 0
  rm -rf -- usr/{,local/}{,share/}{doc,gtk-doc} opt/*/{doc,gtk-doc}
}

__rbee_tidy_staticlibs() {
  local library
  while IFS= read -rd '' library; do
    if [[ -f ${library%.a}.so || -h ${library%.a}.so ]]; then rm -- "$library"; fi
  done < <(find . ! -type d -name '*.a' -print0)
}

# Only files that hold one of the two magic words are looked at more closely: one grep for all instead of one readelf for each.
__rbee_tidy_strip() {
  local file
  while IFS= read -rd '' file; do
    case $(LC_ALL=C od -An -tx1 -N8 -- "$file") in
      ' 7f 45 4c 46'*) __rbee_strip_elf "$file" ;;
      ' 21 3c 61 72 63 68 3e 0a') __rbee_strip_archive "$file" ;;
    esac
  done < <(LC_ALL=C find . -type f -perm -u+w -exec grep -lZaE -m1 $'\x7fELF|!<arch>' {} + 2>/dev/null)
}

# The type of an ELF file is its 17th byte, or its 18th where the highest byte comes first (elf(5)): 2 is a program, 3 a library or a movable program.
__rbee_strip_elf() {
  local type bytes
  read -ra bytes <<<"$(LC_ALL=C od -An -tu1 -w2 -j16 -N2 -- "$1")"
  type=$(( bytes[0] | bytes[1] ))
  case $type in
    1) [[ $1 != *.ko ]] || __rbee_strip "$1" --strip-unneeded ;;
    2) __rbee_strip "$1" --strip-all ;;
    3) __rbee_strip "$1" --strip-unneeded ;;
  esac
}

__rbee_strip_archive() {
  ar t "$1" &>/dev/null || return 0
  LC_ALL=C readelf -h "$1" 2>/dev/null | grep -q 'REL (Relocatable file)' || return 0
  __rbee_strip "$1" --strip-debug
  __rbee_strip "$1" -R '.gnu.lto_*' -R '.gnu.debuglto_*' -N __gnu_lto_v1
}

# Writes into the file instead of replacing it, so that hard links and modes stay.
__rbee_strip() {
  local file=$1 copy
  shift
  copy=$(mktemp "$TMPDIR/strip.XXXXXX")
  if strip "$@" "$file" -o "$copy"; then cat "$copy" >"$file"; fi
  rm -f "$copy"
}

__rbee_tidy_zipman() {
  local inode file link dirs=()
  local -A zipped=() place=()
  # makepkg names opt/*/man too, but quotes it: pages there stay as they are.
  for file in usr{,/local}{,/share}/{man,info}; do [[ ! -d $file ]] || dirs+=("$file"); done
  (( ${#dirs[@]} )) || return 0
  # Links are followed while their targets still have their names.
  while IFS= read -rd '' link; do
    if [[ -f $link ]]; then place[$link]=$(stat -Lc %i -- "$link"); fi
  done < <(find "${dirs[@]}" -type l -print0)
  while IFS=' ' read -rd '' inode file; do
    for link in "${!place[@]}"; do
      [[ ${place[$link]} = "$inode" && ! -v zipped[$inode] ]] || continue
      rm -f -- "$link" "$link.gz"
      if [[ ${file%/*} = "${link%/*}" ]]; then ln -s -- "${file##*/}.gz" "$link.gz"; else ln -s -- "/$file.gz" "$link.gz"; fi
    done
    if [[ ! -v zipped[$inode] ]]; then
      zipped[$inode]=$file
      gzip -9 -n -f -- "$file"
    else
      rm -f -- "$file"
      ln -- "${zipped[$inode]}.gz" "$file.gz"
      chmod 644 -- "$file.gz"
    fi
  done < <(find "${dirs[@]}" -type f ! -name '*.gz' ! -name '*.bz2' -printf '%i %p\0')
}

# depends=('libx.so') and provides=('libx.so') get the version and class that the files have (find_libdepends, find_libprovides).
__rbee_libraries() {
  local name
  if [[ " ${depends[*]} " = *.so\ * ]]; then __rbee_library_depends; fi
  if [[ " ${provides[*]} " = *.so\ * ]]; then __rbee_library_provides; fi
}

__rbee_class() { LC_ALL=C readelf -h "$1" 2>/dev/null | sed -n 's/.*Class.*ELF\(32\|64\)/\1/p'; }
__rbee_dynamic() { LC_ALL=C readelf -d "$1" 2>/dev/null | sed -nr "s/.*$2: \[(.*)\].*/\1/p"; }

__rbee_library_depends() {
  local file class library version name found wanted=()
  local -A needed=()
  while IFS= read -rd '' file; do
    class=$(__rbee_class "$file")
    [[ $class ]] || continue
    for library in $(__rbee_dynamic "$file" 'Shared library'); do
      name="${library%.so?(+(.+([0-9])))}".so
      version="${library##*\.so\.}-$class"
      [[ " ${needed[$name]} " = *" $version "* ]] || needed[$name]+=" $version"
    done
  done < <(find "$pkgdir" -type f -perm -u+x -print0)
  for name in "${depends[@]}"; do
    if [[ $name != *.so || ! ${needed[$name]} ]]; then
      [[ $name != *.so ]] || warning "Library listed in %s is not required by any files: %s" "'depends'" "$name"
      wanted+=("$name")
    else
      for found in ${needed[$name]}; do wanted+=("$name=$found"); done
    fi
  done
  depends=("${wanted[@]}")
}

__rbee_library_provides() {
  local name file soname given=() found
  for name in "${provides[@]}"; do
    found=()
    if [[ $name = *.so ]]; then
      while IFS= read -rd '' file; do
        soname=$(__rbee_dynamic "$file" 'Library soname')
        [[ ! $soname ]] || found+=("$name=${soname##*\.so\.}-$(__rbee_class "$file")")
      done < <(find "$pkgdir" -type f -name "$name*" -print0 | LC_ALL=C sort -z)
      (( ${#found[@]} )) || warning "Cannot find library listed in %s: %s" "'provides'" "$name"
    fi
    if (( ${#found[@]} )); then given+=("${found[@]}"); else given+=("$name"); fi
  done
  provides=("${given[@]}")
}
