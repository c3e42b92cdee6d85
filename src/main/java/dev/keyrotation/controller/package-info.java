/** The Kubernetes side: reconciler, events, and the wiring of the engine to its adapters. */
@NullMarked
package dev.keyrotation.controller;

import org.jspecify.annotations.NullMarked;
