# Sourced by the launcher and by the scripts in tools/. Needs $here (the project's folder); sets $NODE to a Node >= 24
# after the packages of package-lock.json are in place.

say() { printf 'rackready: %s\n' "$*" >&2; }

is_node_24() { [ -x "$1" ] && [ "$("$1" -p 'Number(process.versions.node.split(".")[0]) >= 24' 2>/dev/null)" = true ]; }

need_npm() {
  command -v npm >/dev/null 2>&1 && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say 'npm is missing: running apt-get install --no-install-recommends npm'
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm >&2
  else
    say 'npm is missing. Install it (Debian: sudo apt-get install --no-install-recommends npm) and try again.'
    exit 69
  fi
}

install_packages() {
  if [ ! -w "$here" ]; then
    say "the packages in $here/node_modules are missing or older than package-lock.json, and this account may not write there."
    say "Run ./rackready --help there once as the owner of that folder."
    exit 77
  fi
  need_npm
  say 'installing the packages of package-lock.json (npm ci) ...'
  # One at a time: two launchers that start together must not empty node_modules under each other.
  exec 9>"$here/.npm-ci.lock"
  if command -v flock >/dev/null 2>&1; then flock 9; fi
  packages_are_current || (cd "$here" && npm ci --no-audit --no-fund --loglevel=error >&2) || {
    say 'npm ci failed (see above). Nothing was started.'
    exit 69
  }
  exec 9>&-
}

# A link was put there by somebody who keeps the packages elsewhere: npm would empty that place.
packages_are_current() {
  if [ -L "$here/node_modules" ]; then return 0; fi
  [ -e "$here/node_modules/.package-lock.json" ] &&
    [ ! "$here/package-lock.json" -nt "$here/node_modules/.package-lock.json" ]
}

packages_are_current || install_packages

NODE=
for candidate in "$here"/node_modules/node-linux-*/bin/node "$(command -v node || true)"; do
  if is_node_24 "$candidate"; then NODE=$candidate; break; fi
done
if [ -z "$NODE" ]; then
  say 'no Node.js >= 24 found: neither in node_modules (this system may not be Linux on x64 or arm64) nor in PATH.'
  exit 69
fi

# Compiled code is kept beside the packages: the server starts faster, and each of its threads needs less memory.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$here/node_modules/.cache/rackready}
export NODE_COMPILE_CACHE
