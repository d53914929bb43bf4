# Sourced: `buildah` without a daemon, and without root where user namespaces may be had. From Debian's packages: its Go
# module is not on every module proxy.
image_bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/bin/image

buildah_assets() {
  local out=$image_bin/buildah
  "$out/usr/bin/buildah" --version >/dev/null 2>&1 && return
  local work packages=(buildah libgpgme11 libassuan0 libdevmapper1.02.1 libseccomp2 golang-github-containers-common)
  work=$(mktemp -d "$image_bin/.buildah.XXXXXX")
  ../debs.sh "$image_bin/debs" "${packages[@]}" patchelf
  for name in "${packages[@]}" patchelf; do
    dpkg -x "$image_bin"/debs/"$name"_*.deb "$work"
  done
  # It starts copies of itself from memory, with an environment of their own: the path of its libraries stands in it.
  "$work/usr/bin/patchelf" --force-rpath --set-rpath "$(cd "$work" && printf "$out/%s:" {usr/,}lib/*-linux-gnu)" \
    "$work/usr/bin/buildah"
  # What is built here is built from what this machine made or checked itself: there is no signature to ask for.
  echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$work/policy.json"
  rm -rf "$out"
  mv "$work" "$out"
}

# Layers as plain folders: no overlay file system is asked of the machine.
buildah() {
  local home=$image_bin/buildah
  CONTAINERS_CONF=$home/usr/share/containers/containers.conf BUILDAH_ISOLATION=chroot \
    "$home/usr/bin/buildah" --root "$image_bin/store" --runroot "$image_bin/run" --storage-driver vfs "$@"
}
