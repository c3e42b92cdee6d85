package dev.keyrotation.envfile;

/** Who reads an environment file. */
enum Reader {
  /** systemd, by {@code EnvironmentFile=}. */
  SYSTEMD,
  /** A shell that sources it. */
  SHELL,
  /** Not known: both have to find the same. */
  EITHER
}
