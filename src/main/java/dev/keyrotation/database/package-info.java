/**
 * LiteLLM's PostgreSQL database: which columns hold encrypted values, and how they are taken to
 * another key.
 */
@NullMarked
package dev.keyrotation.database;

import org.jspecify.annotations.NullMarked;
