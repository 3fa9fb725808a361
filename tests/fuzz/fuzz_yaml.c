/* Whatever is read has lines within the text, and without problems every key is there once. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    const struct yaml_document document = yaml_read(arena, (struct str){(const char *) bytes, len});
    assert(document.entry_count <= YAML_MAX_ENTRIES && document.problem_count <= 64);
    for (size_t i = 0; i < document.entry_count; i++) {
        const struct yaml_entry *entry = &document.entries[i];
        assert(entry->key.len > 0 && entry->line > 0 && entry->line <= len + 1);
        assert(entry->is_list ? entry->count <= YAML_MAX_ITEMS : entry->count == 1);
        for (size_t j = 0; j < i; j++) {
            assert(!str_eq(document.entries[j].key, entry->key));
        }
    }
    return 0;
}
