/** Hosts that run systemd units: this one, and others over SSH. */
@NullMarked
package dev.keyrotation.host;

import org.jspecify.annotations.NullMarked;
