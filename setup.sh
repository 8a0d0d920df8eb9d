#!/usr/bin/env bash
# From a fresh checkout to a running program, in one command.
#
#   ./setup.sh run                  installs what is missing, builds, and boots the default model in QEMU on this terminal;
#                                   what follows goes to tools/run
#   ./setup.sh test                 installs what is missing, builds, and runs the whole test suite, whose last line is
#                                   `N passed, N failed`; what follows goes to tests/run.py
#   ./setup.sh                      only installs: compilers, QEMU with its firmware, test tools; U-Boot, the signing
#                                   tools for Secure Boot and Arm machines, where this system has them
#   ./setup.sh --train              also PyTorch, NumPy and Matplotlib, for tools/train
#   ./setup.sh --network-tests      also what the network is tested with: curl, Chromium, the openai, playwright and llm
#                                   packages of Python; dnsmasq and HAProxy
#   ./setup.sh --firmware-matrix    the same as alone, and fails where U-Boot or the signing tools cannot be had
#   ./setup.sh --check              only says what is missing
#
# It installs with the package manager of this system: Debian, Ubuntu, Fedora, Arch, or macOS with Homebrew; only what is
# missing, and nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")"

goal=install train=no matrix=no network=no check=no
while (($#)); do
  case $1 in
    run|test) goal=$1; shift; break ;;
    --train) train=yes ;;
    --network-tests) network=yes ;;
    --firmware-matrix) matrix=yes ;;
    --check) check=yes ;;
    *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"; [[ $1 == -h || $1 == --help ]]; exit ;;
  esac
  shift
done

if [[ $(uname) == Darwin ]]; then
  system=brew
elif command -v apt-get >/dev/null; then
  system=apt
elif command -v dnf >/dev/null; then
  system=dnf
elif command -v pacman >/dev/null; then
  system=pacman
else
  system=none
fi

# --- Is it there? One test for each need.

has() { command -v "$1" >/dev/null; }

compiles() {  # compiles FLAGS... < program
  clang++ -x c++ -std=c++20 - -o /dev/null "$@" >/dev/null 2>&1
}

has_clang() { has clang++ && has clang; }
has_lld() { has lld-link; }
has_sanitizers() { echo 'int main() {}' | compiles -fsanitize=address,undefined; }
has_fuzzer() {
  echo '#include <stddef.h>
        #include <stdint.h>
        extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }' | compiles -fsanitize=fuzzer
}
brew_flags() { [[ $system != brew ]] || echo "-I$(brew --prefix)/include -L$(brew --prefix)/lib"; }
# shellcheck disable=SC2046  # flags are words
has_gtest() {  # without reading its headers, which takes a second
  printf '#if !__has_include(<gtest/gtest.h>)\n#error\n#endif
          namespace testing { void InitGoogleTest(); }
          int main() { testing::InitGoogleTest(); }' | compiles $(brew_flags) -lgtest -pthread
}
# shellcheck disable=SC2046
has_benchmark() {
  printf '#if !__has_include(<benchmark/benchmark.h>)\n#error\n#endif
          namespace benchmark { void Shutdown(); }
          int main() { benchmark::Shutdown(); }' | compiles $(brew_flags) -lbenchmark -pthread
}
has_python() { has python3; }
has_pytest() { tools/python pytest,pexpect -c '' 2>/dev/null; }
has_xdist() { tools/python pytest,pexpect,xdist -c '' 2>/dev/null; }
has_pip() { python3 -m pip --version >/dev/null 2>&1; }
has_firmware() { has python3 && python3 tools/qemu.py >/dev/null 2>&1; }
has_torch() { tools/python torch,numpy,matplotlib -c '' 2>/dev/null; }
has_venv() { python3 -c 'import ensurepip' 2>/dev/null; }
has_openai() { tools/python openai -c '' 2>/dev/null; }
has_llm() { tools/python llm -c '' 2>/dev/null; }
has_playwright() { tools/python playwright -c '' 2>/dev/null; }
has_chromium() { has chromium || has chromium-browser || has google-chrome; }
has_dnsmasq() { (PATH+=:/usr/sbin; has dnsmasq && has ip); }
has_haproxy() { (PATH+=:/usr/sbin; has haproxy); }
has_uboot() { [[ -e /usr/lib/u-boot/qemu-x86_64/u-boot.rom ]]; }
has_arm() { has python3 && python3 tools/qemu.py aarch64 >/dev/null 2>&1; }
has_arm_programs() {  # whether a program for Linux on Arm can be made here, and run
  has qemu-aarch64 && printf '#include <vector>\nint main() {}' | compiles --target=aarch64-linux-gnu -static -fuse-ld=lld
}
has_signing() { has sbsign && has sbverify && has openssl; }

# --- What gives it: one line for each need, with the packages of apt, dnf, pacman and brew ("-": not in that system).

clang_version() { clang++ -dumpversion 2>/dev/null | cut -d. -f1; }

packages() {  # packages NEED
  case $1 in
    clang)      echo "clang" "clang" "clang" "llvm" ;;
    lld)        echo "lld" "lld" "lld" "lld" ;;
    sanitizers|fuzzer) echo "$(apt_runtime)" "compiler-rt" "compiler-rt" "llvm" ;;
    ninja)      echo "ninja-build" "ninja-build" "ninja" "ninja" ;;
    git)        echo "git" "git-core" "git" "git" ;;
    mformat)    echo "mtools" "mtools" "mtools" "mtools" ;;
    qemu-system-x86_64) echo "qemu-system-x86" "qemu-system-x86-core" "qemu-system-x86" "qemu" ;;
    firmware)   echo "ovmf" "edk2-ovmf" "edk2-ovmf" "qemu" ;;
    python)     echo "python3" "python3" "python" "python" ;;
    pytest)     echo "python3-pytest,python3-pexpect" "python3-pytest,python3-pexpect" \
                     "python-pytest,python-pexpect" "venv:pytest,pexpect" ;;
    xdist)      echo "python3-pytest-xdist" "python3-pytest-xdist" "python-pytest-xdist" "venv:pytest-xdist" ;;
    pip)        echo "python3-pip" "python3-pip" "python-pip" "python" ;;
    gtest)      echo "libgtest-dev" "gtest-devel" "gtest" "googletest" ;;
    benchmark)  echo "libbenchmark-dev" "google-benchmark-devel" "benchmark" "google-benchmark" ;;
    torch)      echo "python3-torch,python3-numpy,python3-matplotlib" "python3-torch,python3-numpy,python3-matplotlib" \
                     "python-pytorch,python-numpy,python-matplotlib" "venv:torch,numpy,matplotlib" ;;
    curl)       echo "curl" "curl" "curl" "curl" ;;
    chromium)   echo "chromium" "chromium" "chromium" "-" ;;
    dnsmasq)    echo "dnsmasq-base,iproute2" "dnsmasq,iproute" "dnsmasq,iproute2" "-" ;;
    haproxy)    echo "haproxy" "haproxy" "haproxy" "haproxy" ;;
    venv)       echo "python3-venv" "python3" "python" "python" ;;
    openai|playwright|llm) echo "venv:$1" "venv:$1" "venv:$1" "venv:$1" ;;
    uboot)      echo "u-boot-qemu" "-" "-" "-" ;;
    arm)        echo "qemu-system-arm,qemu-efi-aarch64" "qemu-system-aarch64-core,edk2-aarch64" \
                     "qemu-system-aarch64,edk2-aarch64" "qemu" ;;
    arm_programs) echo "$(apt_arm_programs)" "-" "-" "-" ;;
    signing)    echo "sbsigntool,openssl" "sbsigntools,openssl" "sbsigntools,openssl" "-" ;;
  esac
}

# The runtime of the sanitizers has clang's version in its name; before clang is installed, take that of the default one.
apt_runtime() {
  [[ $system == apt ]] || { echo -; return; }
  local version
  version=$(clang_version)
  [[ -n $version ]] || version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
  local package=libclang-rt-$version-dev
  # Older releases have it inside clang's own libraries.
  apt-cache show "$package" >/dev/null 2>&1 || package=libclang-common-$version-dev
  echo "$package"
}

# C++ for Arm has the compiler's version in its name; on Arm, clang's own is that.
apt_arm_programs() {
  [[ $system == apt ]] || { echo -; return; }
  local version
  version=$(apt-cache depends g++-aarch64-linux-gnu 2>/dev/null |
              sed -n 's/.*Depends: g++-\([0-9]*\)-aarch64-linux-gnu$/\1/p' | head -n 1)
  case $(uname -m) in
    aarch64|arm64) echo qemu-user ;;
    *) echo "qemu-user,libc6-dev-arm64-cross,libstdc++-${version:-12}-dev-arm64-cross" ;;
  esac
}

needs=(clang lld sanitizers fuzzer ninja git mformat qemu-system-x86_64 python firmware pytest xdist pip gtest benchmark uboot signing
       arm arm_programs)
[[ $train == no ]] || needs+=(torch)
[[ $network == no ]] || needs+=(curl chromium dnsmasq haproxy venv openai playwright llm)

# What some systems do not have. Tests that want it are skipped there, with the reason.
optional=(uboot signing xdist pip arm arm_programs curl chromium dnsmasq haproxy)
[[ $matrix == no ]] || optional=(xdist pip arm arm_programs curl chromium dnsmasq haproxy)
[[ $system != brew ]] || optional+=(fuzzer)  # Apple's clang has no libFuzzer, Homebrew's has

is_optional() { [[ " ${optional[*]-} " == *" $1 "* ]]; }

missing_needs() {  # all at once: some of the tests start a compiler
  local need
  for need in "${needs[@]}"; do
    { if declare -F "has_$need" >/dev/null; then "has_$need"; else has "$need"; fi || echo "$need"; } &
  done
  wait
}

# Whose own programs this machine runs.
build() {
  case $(uname -m) in
    aarch64|arm64) ninja -f tools/build/arm-host.ninja "$@" ;;
    *) ninja "$@" ;;
  esac
}

# What comes after installing.
go_on() {
  case $goal in
    install) exit ;;
    run) exec tools/run "$@" ;;
    test) build test-programs && exec tools/python pytest,pexpect tests/run.py "$@" ;;
  esac
}

missing=$(missing_needs | xargs)
if [[ -z $missing ]]; then
  echo "setup: everything is here, nothing to install."
  go_on "$@"
fi
echo "setup: missing here: $missing"
[[ $check == no ]] || exit 1

case $system in
  apt) column=1 ;;
  dnf) column=2 ;;
  pacman) column=3 ;;
  brew) column=4 ;;
  none)
    echo "setup: no package manager that this script knows (apt-get, dnf, pacman, Homebrew). Please install:" >&2
    echo "  clang and lld 14 or newer with their runtimes, ninja, git, mtools, qemu-system-x86_64, OVMF, Python 3 with" >&2
    echo "  pytest and pexpect, GoogleTest, Google Benchmark" >&2
    exit 1 ;;
esac
if [[ $system == brew ]] && ! has brew; then
  echo "setup: Homebrew is not here: https://brew.sh tells how to install it. Then run this again." >&2
  exit 1
fi

as_root() {
  if [[ $EUID == 0 ]]; then "$@"; elif has sudo; then sudo "$@"; else
    echo "setup: neither root nor sudo; please run as root: $*" >&2
    exit 1
  fi
}

required=$(for need in $missing; do is_optional "$need" || echo "$need"; done)
if [[ -z $required && $system != brew && $EUID != 0 ]] && ! has sudo; then
  echo "setup: done. What is missing needs root to install, and the tests that use it are skipped without."
  go_on "$@"
fi

# apt's names of today depend on its lists, so those come first.
[[ $system != apt ]] || as_root apt-get update -q

install_packages() {
  case $system in
    apt) as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" ;;
    dnf) as_root dnf install -y "$@" ;;
    pacman) as_root pacman -S --needed --noconfirm "$@" ;;
    brew) brew install "$@" ;;
  esac
}

install=() extra=() venv=()
for need in $missing; do
  package=$(packages "$need" | cut -d' ' -f"$column")
  case $package in
    -) echo "setup: $need: not packaged for this system; the tests that use it are skipped" ;;
    venv:*) IFS=, read -r -a names <<<"${package#venv:}"; venv+=("${names[@]}") ;;
    *) IFS=, read -r -a names <<<"$package"
       if is_optional "$need"; then extra+=("${names[@]}"); else install+=("${names[@]}"); fi ;;
  esac
done
if ((${#install[@]})); then
  IFS=$'\n' read -r -d '' -a install < <(printf '%s\n' "${install[@]}" | sort -u && printf '\0')
  echo "setup: installing with $system: ${install[*]}"
  install_packages "${install[@]}"
fi
for package in ${extra[@]+"${extra[@]}"}; do  # one by one: this release may not have all of them
  echo "setup: installing with $system: $package"
  install_packages "$package" || echo "setup: $package cannot be installed here; the tests that use it are skipped"
done
if ((${#venv[@]})); then
  echo "setup: installing into .venv with pip: ${venv[*]}"
  [[ -d .venv ]] || python3 -m venv .venv
  .venv/bin/pip install -q "${venv[@]}"
fi

# --- What is still missing, and what to do about it.

still=$(missing_needs | xargs)
if [[ $still =~ clang|lld|sanitizers|fuzzer ]]; then
  for folder in /usr/lib/llvm-*/bin /opt/homebrew/opt/llvm/bin /usr/local/opt/llvm/bin; do
    [[ ! -x $folder/clang++ ]] || echo "setup: LLVM lies in $folder: export PATH=\"$folder:\$PATH\" to use it" >&2
  done
fi
still=$(for need in $still; do is_optional "$need" || echo "$need"; done | xargs)
if [[ -n $still ]]; then
  echo "setup: still missing: $still" >&2
  exit 1
fi
echo "setup: done."
go_on "$@"
