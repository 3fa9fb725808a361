/* Replays files and folders through a fuzz target, for compilers without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    static uint8_t bytes[1 << 20];
    const size_t len = fread(bytes, 1, sizeof bytes, file);
    (void) fclose(file);
    uint8_t *exact = malloc(len == 0 ? 1 : len); /* exact size: sanitizers see overruns */
    if (exact == NULL) {
        return 1;
    }
    memcpy(exact, bytes, len);
    (void) LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return 0;
}

static int replay_folder(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) {
        perror(path);
        return 1;
    }
    int failed = 0;
    int count = 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char file[4096];
        (void) snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        failed |= replay_file(file);
        count++;
    }
    (void) closedir(folder);
    (void) printf("%d inputs replayed\n", count);
    return failed || count == 0; /* an empty corpus proves nothing */
}

int main(int argc, char **argv) {
    int failed = argc < 2;
    for (int i = 1; i < argc; i++) {
        failed |= replay_folder(argv[i]);
    }
    return failed;
}
