package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.status.SoakWords;
import java.io.PrintWriter;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/** Draws the step table over itself. For terminals only. */
final class LiveTable implements Follower {
  private static final String UP_AND_CLEAR = "\u001b[%dA\u001b[J";

  private final PrintWriter out;
  private final Clock clock;
  private final int width;
  private final StepTable table = new StepTable();
  private int drawn;
  private int looks;

  LiveTable(PrintWriter out, Clock clock, int width) {
    this.out = out;
    this.clock = clock;
    this.width = width;
  }

  @Override
  public void show(KeyRotation resource) {
    String text = table.render(resource, clock.instant());
    if (text.isEmpty()) {
      tell(Statuses.of(resource).soak()); // the last table stays
      return;
    }
    if (drawn > 0) {
      out.printf(UP_AND_CLEAR, drawn);
    }
    // A line that the terminal would break would spoil the count of lines.
    text.lines()
        .map(line -> line.length() < width ? line : line.substring(0, width - 1))
        .forEach(out::println);
    drawn = (int) text.lines().count();
    out.flush();
  }

  private void tell(@Nullable SoakStatus soak) {
    if (soak != null && soak.looks() > looks) {
      out.println(SoakWords.sentence(soak));
      out.flush();
      drawn = 0;
    }
    looks = soak == null ? 0 : soak.looks();
  }
}
