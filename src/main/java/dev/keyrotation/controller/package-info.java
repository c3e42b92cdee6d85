/** The Kubernetes side: reconciler, event sources, events. */
@NullMarked
package dev.keyrotation.controller;

import org.jspecify.annotations.NullMarked;
