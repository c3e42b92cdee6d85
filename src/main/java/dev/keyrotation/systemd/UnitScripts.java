package dev.keyrotation.systemd;

/**
 * What is asked of a host. Each script reads all that it needs in one go; values that are secret
 * are compared on the host and never leave it.
 */
final class UnitScripts {
  /** Name of the variable by which a running process shows the rotation that started it. */
  static final String STAMP_VARIABLE = "KEYROTATION_STAMP";

  static final String DROP_IN_NAME = "50-keyrotation.conf";

  /** Beside the drop-in; systemd reads only what ends in {@code .conf} there. */
  static final String EPOCH_NAME = ".keyrotation-epoch";

  private UnitScripts() {}

  /**
   * {@code $1} unit, {@code $2} path of our drop-in. The stamp of the running process is read from
   * its environment, and nothing else of it.
   */
  static final String OBSERVE =
      """
      set -u
      systemctl show --no-pager -p LoadState -p ActiveState -p SubState -p Result -p MainPID \\
        -p InactiveEnterTimestampMonotonic -p NRestarts -p ControlGroup -p NeedDaemonReload -- "$1" || exit 1
      systemctl list-jobs --no-legend --no-pager -- "$1" 2>/dev/null |
        while read -r _ unit type state; do [ "$unit" = "$1" ] && echo "JobType=$type"; done
      echo "Now=$(date +%s)"
      read -r uptime _ </proc/uptime && echo "Uptime=$uptime"
      if [ -f "$2" ]; then
        echo "DropInTime=$(stat -c %Y -- "$2")"
        sed -n 's/^Environment=KEYROTATION_STAMP=\\([A-Za-z0-9._/-]*\\)$/DropInStamp=\\1/p' "$2"
      fi
      pid=$(systemctl show --no-pager -p MainPID -- "$1"); pid=${pid#MainPID=}
      if [ "${pid:-0}" -gt 0 ] && [ -r "/proc/$pid/environ" ]; then
        tr '\\0' '\\n' <"/proc/$pid/environ" 2>/dev/null | sed -n 's/^KEYROTATION_STAMP=/RunningStamp=/p'
      fi
      group=$(systemctl show --no-pager -p ControlGroup -- "$1"); group=${group#ControlGroup=}
      if [ -n "$group" ]; then
        for root in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
          [ -f "$root$group/cgroup.procs" ] || continue
          echo "Processes=$(find "$root$group" -name cgroup.procs -exec cat {} + 2>/dev/null | wc -l)"
          break
        done
      fi
      exit 0
      """;

  /**
   * {@code $1} unit, {@code $2} master variable, {@code $3} salt variable, then the files with its
   * keys; standard input: a nonce of one line. Of a process's keys only a digest with that nonce is
   * told. {@code systemctl show} cannot print credentials, so they are read from the definition.
   */
  static final String WIRING =
      """
      set -u
      LC_ALL=C; export LC_ALL
      read -r nonce
      unit=$1; master=$2; salt=$3; shift 3
      echo "Uid=$(id -u)"
      systemctl show --no-pager -p LoadState -p UnitFileState -p EnvironmentFiles -p Restart -p KillMode \\
        -p TimeoutStopUSec -p TriggeredBy -p ControlGroup -p MainPID -- "$unit" || exit 1
      exec_start=$(systemctl show --no-pager -p ExecStart -p ExecStartPre -- "$unit")
      loaded=$(systemctl cat --no-pager -- "$unit" 2>/dev/null |
        sed -n 's/^[[:space:]]*LoadCredential[[:space:]]*=[[:space:]]*[^:]*://p')
      for file in "$@"; do
        real=$(readlink -f -- "$file"); base=$(basename -- "$file")
        printf '%s\\n' "$loaded" | grep -qxF -e "$file" && echo "Named=$file"
        case $exec_start in *"$file"*|*"$real"*|*"/$base"*) echo 'Mentions=command'; echo "Named=$file" ;; esac
        printf '%s\\n' "$exec_start" | grep -o '/[^ ;{}"]*' | sort -u | while read -r program; do
          [ -f "$program" ] && [ -r "$program" ] && [ "$(head -c 2 -- "$program")" = '#!' ] || continue
          head -c 65536 -- "$program" | grep -qF -e "$file" -e "/$base" && { echo 'Mentions=script'; echo "Named=$file"; }
        done
        systemctl show --no-pager -p EnvironmentFiles -- "$unit" |
          sed -n 's/^EnvironmentFiles=\\(.*\\) (ignore_errors=.*)$/\\1/p' | while read -r other; do
            [ "$(readlink -f -- "$other")" = "$real" ] && { echo 'OwnFile=yes'; continue; }
            for name in "$master" "$salt"; do
              grep -qE "^[[:space:]]*$name[[:space:]]*=" -- "$other" 2>/dev/null && echo "OtherFile=$name $other"
            done
          done
        grep -rlsF -e "$file" /etc/systemd/system /run/systemd/system /usr/lib/systemd/system 2>/dev/null |
          while read -r path; do
            case $path in
              */*.service) echo "UsedBy=$(basename -- "$path")" ;;
              */*.service.d/*) path=${path%/*}; path=${path%.d}; echo "UsedBy=${path##*/}" ;;
            esac
          done
      done
      group=$(systemctl show --no-pager -p ControlGroup -- "$unit"); group=${group#ControlGroup=}
      [ -n "$group" ] || exit 0
      for root in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
        [ -f "$root$group/cgroup.procs" ] || continue
        find "$root$group" -name cgroup.procs -exec cat {} + 2>/dev/null
        break
      done | while read -r pid; do
        [ -r "/proc/$pid/environ" ] || { echo 'Process=unreadable'; continue; }
        echo 'Process=read'
        for name in "$master" "$salt"; do
          tr '\\0' '\\n' <"/proc/$pid/environ" 2>/dev/null | grep -q "^$name=" || continue
          digest=$({ printf '%s ' "$nonce"; tr '\\0' '\\n' <"/proc/$pid/environ" | sed -n "s/^$name=//p" | tail -n 1; } | sha256sum)
          echo "Digest=$name ${digest%% *}"
        done
        tr '\\0' '\\n' <"/proc/$pid/environ" 2>/dev/null | grep -q '^DATABASE_URL=.' && echo 'Database=yes'
      done
      exit 0
      """;

  /** {@code $1} unit. Asks for a stop and does not wait; a failed unit is only forgotten. */
  static final String STOP =
      """
      set -eu
      ours
      systemctl stop --no-block -- "$1"
      systemctl reset-failed -- "$1" 2>/dev/null || :
      """;

  /** {@code $1} unit. Asks for a start and does not wait. */
  static final String START =
      """
      set -eu
      ours
      systemctl reset-failed -- "$1" 2>/dev/null || :
      systemctl start --no-block -- "$1"
      """;

  /**
   * {@code $1} unit, {@code $2} yes when it is to be restarted. Forgets an earlier failure and
   * reads our drop-in.
   */
  static final String RELOAD =
      """
      set -eu
      ours
      systemctl reset-failed -- "$1" 2>/dev/null || :
      systemctl daemon-reload
      [ "$2" = yes ] || exit 0
      systemctl restart --no-block -- "$1"
      """;

  private static final String COUNT =
      """
      awk '
        /Error decrypting|master_key\\/salt key change|[Uu]nable to decrypt|Decryption failed/ { decryption++ }
        /Authentication Error|Invalid proxy server token|ProxyException.*(auth|Auth)/ { authentication++ }
        END { printf "Decryption=%d\\nAuthentication=%d\\nRead=yes\\n", decryption, authentication }'
      """;

  /** {@code $1} unit. Counts lines of its present run only. */
  static final String SCAN =
      """
      set -u
      id=$(systemctl show --no-pager -p InvocationID -- "$1"); id=${id#InvocationID=}
      [ -n "$id" ] || exit 0
      journalctl --no-pager -q -o cat "_SYSTEMD_INVOCATION_ID=$id" | \
      """
          + COUNT;

  /** {@code $1} unit, {@code $2} Unix time. Counts lines of all its runs since then. */
  static final String SCAN_SINCE =
      """
      set -u
      journalctl --no-pager -q -o cat --since "@$2" "_SYSTEMD_UNIT=$1" | \
      """
          + COUNT;
}
