# Sourced after buildah.sh: stand-ins for the two images that the Dockerfile builds on, for where no registry can be
# reached. They hold what the real ones document, from the same Debian packages, unpacked and not configured.

# gcr.io/distroless/cc-debian12
RUN_PACKAGES=(base-files ca-certificates netbase tzdata media-types libc6 libssl3 libgcc-s1 libgomp1 libstdc++6 gcc-12-base)
# docker.io/library/node:24-bookworm-slim: what a Dockerfile's commands need of it
BUILD_PACKAGES=(base-files dash coreutils findutils sed grep tar gzip libc6 libgcc-s1 libstdc++6 libselinux1 libpcre2-8-0
  libacl1 libattr1 libgmp10 libtinfo6 libcap2 libssl3 zlib1g ca-certificates)

unpack() { # folder, package…
  local dir=$1 name deb
  shift
  ../debs.sh "$image_bin/debs" "$@"
  mkdir -p "$dir/var/lib/dpkg/status.d"
  for name in "$@"; do
    deb=$(echo "$image_bin"/debs/"$name"_*.deb)
    dpkg -x "$deb" "$dir"
    # As distroless does, so that scanners find what is in it.
    dpkg -f "$deb" >"$dir/var/lib/dpkg/status.d/$name"
  done
  find "$dir/usr/share/ca-certificates/mozilla" -name '*.crt' 2>/dev/null | LC_ALL=C sort |
    while read -r cert; do cat "$cert"; echo; done >"$image_bin/.ca"
  mkdir -p "$dir/etc/ssl/certs"
  mv "$image_bin/.ca" "$dir/etc/ssl/certs/ca-certificates.crt"
}

commit_base() { # folder, name; the same packages give the same image
  local container
  container=$(buildah from scratch)
  buildah copy -q "$container" "$1" / >/dev/null
  buildah config --os linux "$container"
  buildah commit -q --signature-policy "$image_bin/buildah/policy.json" --identity-label=false --timestamp 0 --rm "$container" "localhost/stand-in/$2" >/dev/null
}

run_base() {
  local dir
  dir=$(mktemp -d "$image_bin/.base.XXXXXX")
  mkdir -p "$dir"/{bin,sbin,lib,proc,sys,dev,root,home/nonroot,run,tmp,boot,var/tmp}
  unpack "$dir" "${RUN_PACKAGES[@]}"
  rm -rf "$dir"/usr/share/{man,info,lintian,bug,base-files,ca-certificates} "$dir"/usr/sbin/update-ca-certificates \
    "$dir"/etc/{motd,issue,issue.net,profile.d,update-motd.d,ca-certificates} "$dir"/usr/share/doc/*/!(copyright)
  printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
    nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >"$dir/etc/passwd"
  printf '%s\n' root:x:0: nobody:x:65534: tty:x:5: staff:x:50: nonroot:x:65532: >"$dir/etc/group"
  printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$dir/etc/nsswitch.conf"
  chmod 1777 "$dir/tmp" "$dir/var/tmp"
  chmod 700 "$dir/home/nonroot" "$dir/root"
  commit_base "$dir" cc-debian12
  rm -rf "$dir"
}

build_base() {
  local dir node
  dir=$(mktemp -d "$image_bin/.base.XXXXXX")
  mkdir -p "$dir"/usr/{bin,sbin,lib,lib64} "$dir"/{proc,sys,dev,root,run,tmp,var/tmp,usr/local/bin,usr/local/lib}
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$dir/$name"; done
  unpack "$dir" "${BUILD_PACKAGES[@]}"
  ln -s dash "$dir/usr/bin/sh"
  echo root:x:0:0:root:/root:/bin/sh >"$dir/etc/passwd"
  echo root:x:0: >"$dir/etc/group"
  chmod 1777 "$dir/tmp" "$dir/var/tmp"
  for part in runtime stand-in; do
    mkdir -p "$image_bin/.npm/$part"
    cp "$part/package.json" "$part/package-lock.json" "$image_bin/.npm/$part/"
    npm ci --prefix "$image_bin/.npm/$part" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
  done
  node=$(echo "$image_bin"/.npm/runtime/node_modules/node-linux-*)
  cp "$node/bin/node" "$dir/usr/local/bin/node"
  mkdir -p "$dir/usr/local/lib/node_modules"
  cp -r "$image_bin/.npm/stand-in/node_modules/npm" "$dir/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$dir/usr/local/bin/npm"
  commit_base "$dir" node-bookworm
  rm -rf "$dir" "$image_bin/.npm"
}
