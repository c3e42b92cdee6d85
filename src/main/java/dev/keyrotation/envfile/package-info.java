/** Environment files: what systemd and a shell read from them, and how one value is exchanged. */
@NullMarked
package dev.keyrotation.envfile;

import org.jspecify.annotations.NullMarked;
