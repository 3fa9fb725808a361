#include "tests/support/recipe.h"

#include <string.h>

static const char *const SNIPPETS[] = {
    "<!---->",
    "<?x y?>",
    "<![CDATA[x]]>",
    "<!DOCTYPE a>",
    "&x;",
    "&#97;",
    " ",
    "x",
    "<a/>",
    "<ds:Object xmlns:ds=\"" FORGE_NS_DSIG "\"/>",
    "<samlp:Extensions/>",
    "<saml:Advice/>",
    "<saml:Audience>https://evil.example</saml:Audience>",
    "<saml:AttributeValue>admins</saml:AttributeValue>",
    "<saml:NameID>mallory</saml:NameID>",
    "<ds:DigestValue>AAAA</ds:DigestValue>",
    "&SAMLResponse=x",
    "&RelayState=evil",
    ";",
    "%52",
};
static const char *const ATTRIBUTES[] = {
    " ID=\"_assertion-1\"",
    " Id=\"_message-1\"",
    " xml:id=\"_assertion-1\"",
    " xmlns:x=\"relative\"",
    " xmlns:x=\"urn:x\"",
    " xmlns=\"" FORGE_NS_ASSERTION "\"",
    " xmlns:saml=\"urn:other\"",
    " xmlns:ds=\"urn:other\"",
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"a\"",
    " a=\"1\"",
    " Encoding=\"x\"",
    " URI=\"\"",
};
static const char *const TEXTS[] = {
    "mallory", "", " ", "admins", "https://evil.example", "2099-01-01T00:00:00Z", "2.0"};
static const char *const VALUES[] = {
    "",
    "_evil",
    "_assertion-1",
    "_message-1",
    "#_assertion-1",
    "#_message-1",
    "#_evil",
    "#xpointer(/)",
    FORGE_HMAC_SHA256,
    FORGE_RSA_SHA1,
    FORGE_SHA1,
    FORGE_INCLUSIVE,
    FORGE_ENVELOPED,
    FORGE_AES128_CBC,
    "2099-01-01T00:00:00Z",
    "1.1",
    "https://evil.example",
};
static const char *const WRAPPERS[] = {
    "samlp:Extensions",
    "saml:Advice",
    "saml:Assertion",
    "samlp:Response",
    "saml:AttributeValue",
    "ds:Object",
    "x",
    "saml:EncryptedAssertion",
    "md:Extensions",
    "md:EntitiesDescriptor",
};
#define PICK(list, at) ((list)[(at) % (sizeof(list) / sizeof(list)[0])])

struct step {
    unsigned action, how, a, b, c;
};

/* A slice of the text; len 0: not there. */
struct span {
    size_t at, len;
};

static const char *spliced(struct arena *arena, const char *text, struct span drop,
                           const char *add) {
    return forge_text(arena, "%.*s%s%s", (int) drop.at, text, add, text + drop.at + drop.len);
}

static const char *copied(struct arena *arena, const char *text, struct span span) {
    return forge_text(arena, "%.*s", (int) span.len, text + span.at);
}

/* The start tag number n (modulo how many there are). */
static struct span start_tag(const char *text, unsigned n) {
    struct span found = {0, 0};
    size_t count = 0;
    for (int round = 0; round < 2; round++) {
        size_t seen = 0;
        for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at + 1, '<')) {
            const char *end = strchr(at, '>');
            if (end == NULL || at[1] == '/' || at[1] == '!' || at[1] == '?') {
                continue;
            }
            if (round == 1 && seen == n % count) {
                return (struct span){(size_t) (at - text), (size_t) (end - at) + 1};
            }
            seen++;
        }
        count = seen;
        if (count == 0) {
            break;
        }
    }
    return found;
}

static bool is_empty_element(const char *text, struct span tag) {
    return tag.len >= 2 && text[tag.at + tag.len - 2] == '/';
}

/* From a start tag through the end tag that closes it. */
static struct span element(const char *text, unsigned n) {
    const struct span tag = start_tag(text, n);
    if (tag.len == 0 || is_empty_element(text, tag)) {
        return tag;
    }
    size_t depth = 1;
    const char *at = text + tag.at + tag.len;
    while ((at = strchr(at, '<')) != NULL) {
        const char *end = strchr(at, '>');
        if (end == NULL) {
            break;
        }
        const bool is_end = at[1] == '/';
        const bool is_empty = end[-1] == '/' || at[1] == '!' || at[1] == '?';
        depth += is_end || is_empty ? 0 : 1;
        depth -= is_end ? 1 : 0;
        if (depth == 0) {
            return (struct span){tag.at, (size_t) (end - text) + 1 - tag.at};
        }
        at = end;
    }
    return tag;
}

/* The value, without its quotes, of the attribute number n. */
static struct span value(const char *text, unsigned n) {
    size_t count = 0;
    for (const char *at = strstr(text, "=\""); at != NULL; at = strstr(at + 2, "=\"")) {
        count++;
    }
    const char *at = strstr(text, "=\"");
    for (size_t i = 0; count > 0 && i < n % count; i++) {
        at = strstr(at + 2, "=\"");
    }
    const char *end = at == NULL ? NULL : strchr(at + 2, '"');
    if (end == NULL) {
        return (struct span){0, 0};
    }
    return (struct span){(size_t) (at + 2 - text), (size_t) (end - at) - 2};
}

/* The part number n of a query, without ampersands. */
static struct span part(const char *text, unsigned n) {
    size_t count = 1;
    for (const char *at = strchr(text, '&'); at != NULL; at = strchr(at + 1, '&')) {
        count++;
    }
    const char *at = text;
    for (size_t i = 0; i < n % count; i++) {
        at = strchr(at, '&') + 1;
    }
    const char *end = strchr(at, '&');
    return (struct span){(size_t) (at - text), end == NULL ? strlen(at) : (size_t) (end - at)};
}

static struct span none_at(size_t at) {
    return (struct span){at, 0};
}

static const char *copy_element(struct arena *arena, const char *text, const struct step *step) {
    const char *what = copied(arena, text, element(text, step->a));
    return spliced(arena, text, none_at(element(text, step->b).at), what);
}

static const char *move_element(struct arena *arena, const char *text, const struct step *step) {
    const struct span a = element(text, step->a), b = element(text, step->b);
    if (b.at >= a.at && b.at < a.at + a.len) {
        return text;
    }
    const char *rest = spliced(arena, text, a, "");
    return spliced(arena, rest, none_at(b.at > a.at ? b.at - a.len : b.at), copied(arena, text, a));
}

/* A copy of a becomes the first child of b. */
static const char *nest_element(struct arena *arena, const char *text, const struct step *step) {
    const struct span tag = start_tag(text, step->b);
    return spliced(arena, text, none_at(tag.at + tag.len),
                   copied(arena, text, element(text, step->a)));
}

static const char *replace_element(struct arena *arena, const char *text, const struct step *step) {
    return spliced(arena, text, element(text, step->b),
                   copied(arena, text, element(text, step->a)));
}

static const char *drop_element(struct arena *arena, const char *text, const struct step *step) {
    return spliced(arena, text, element(text, step->a), "");
}

static const char *wrap_element(struct arena *arena, const char *text, const struct step *step) {
    const struct span a = element(text, step->a);
    const char *name = PICK(WRAPPERS, step->how);
    return spliced(arena, text, a,
                   forge_text(arena, "<%s>%s</%s>", name, copied(arena, text, a), name));
}

/* For the service provider: everybody has its certificate. */
static const char *encrypt_element(struct arena *arena, const char *text, const struct step *step) {
    const struct span a = element(text, step->a);
    const char *wrapper = step->how % 2 == 0 ? "EncryptedAssertion" : "EncryptedID";
    return spliced(arena, text, a,
                   forge_encrypt(arena, str_from_c(copied(arena, text, a)), wrapper,
                                 &(struct forge_encryption){0}));
}

/* The honest name becomes another. */
static const char *impersonate(struct arena *arena, const char *text, const struct step *step) {
    const struct span a = element(text, step->a);
    const char *what = copied(arena, text, a);
    return strstr(what, "ada") == NULL
               ? text
               : spliced(arena, text, a, edit_all(arena, what, "ada", "eve"));
}

static const char *insert_snippet(struct arena *arena, const char *text, const struct step *step) {
    return spliced(arena, text, none_at(start_tag(text, step->a).at), PICK(SNIPPETS, step->how));
}

static const char *insert_in_text(struct arena *arena, const char *text, const struct step *step) {
    const struct span tag = start_tag(text, step->a);
    const size_t behind = tag.at + tag.len;
    const size_t run = strcspn(text + behind, "<");
    return spliced(arena, text, none_at(behind + step->c % (run + 1)), PICK(SNIPPETS, step->how));
}

static const char *insert_in_tag(struct arena *arena, const char *text, const struct step *step) {
    const struct span tag = start_tag(text, step->a);
    if (tag.len < 3) {
        return text;
    }
    const size_t end = is_empty_element(text, tag) ? 2 : 1;
    return spliced(arena, text, none_at(tag.at + tag.len - end), PICK(ATTRIBUTES, step->how));
}

static const char *replace_text(struct arena *arena, const char *text, const struct step *step) {
    const struct span tag = start_tag(text, step->a);
    const size_t behind = tag.at + tag.len;
    const struct span run = {behind, strcspn(text + behind, "<")};
    return spliced(arena, text, run, PICK(TEXTS, step->how));
}

static const char *replace_value(struct arena *arena, const char *text, const struct step *step) {
    return spliced(arena, text, value(text, step->a), PICK(VALUES, step->how));
}

static const char *copy_value(struct arena *arena, const char *text, const struct step *step) {
    return spliced(arena, text, value(text, step->b), copied(arena, text, value(text, step->a)));
}

static size_t place(const char *text, const struct step *step) {
    return (((size_t) step->a << 16) | step->b) % strlen(text);
}

static const char *flip_bit(struct arena *arena, const char *text, const struct step *step) {
    const size_t at = place(text, step);
    const char byte[2] = {(char) ((unsigned char) text[at] ^ (1U << (step->how % 8))), '\0'};
    return spliced(arena, text, (struct span){at, 1}, byte);
}

static const char *insert_byte(struct arena *arena, const char *text, const struct step *step) {
    const char byte[2] = {(char) step->how, '\0'};
    return spliced(arena, text, none_at(place(text, step)), byte);
}

static const char *cut_off(struct arena *arena, const char *text, const struct step *step) {
    return forge_text(arena, "%.*s", (int) place(text, step), text);
}

static const char *copy_part(struct arena *arena, const char *text, const struct step *step) {
    return spliced(arena, text, none_at(part(text, step->b).at),
                   forge_text(arena, "%s&", copied(arena, text, part(text, step->a))));
}

static const char *swap_parts(struct arena *arena, const char *text, const struct step *step) {
    const struct span a = part(text, step->a), b = part(text, step->b);
    if (a.at + a.len >= b.at) {
        return text;
    }
    return spliced(arena, spliced(arena, text, b, copied(arena, text, a)), a,
                   copied(arena, text, b));
}

static const char *(*const ACTIONS[])(struct arena *, const char *, const struct step *) = {
    copy_element,  move_element,    nest_element,  replace_element, drop_element,
    wrap_element,  encrypt_element, impersonate,   insert_snippet,  insert_in_text,
    insert_in_tag, replace_text,    replace_value, copy_value,      flip_bit,
    insert_byte,   cut_off,         copy_part,     swap_parts,
};

static struct step read_step(const uint8_t *bytes) {
    return (struct step){.action = bytes[0],
                         .how = bytes[1],
                         .a = (unsigned) bytes[2] << 8 | bytes[3],
                         .b = (unsigned) bytes[4] << 8 | bytes[5],
                         .c = (unsigned) bytes[6] << 8 | bytes[7]};
}

const char *recipe_cook(struct arena *arena, const char *text, const uint8_t *steps, size_t len) {
    enum { TEXT_MAX = 300 * 1024 };
    for (size_t i = 0; i < STEPS_MAX && (i + 1) * STEP_BYTES <= len; i++) {
        const struct step step = read_step(steps + i * STEP_BYTES);
        if (text[0] == '\0' || strlen(text) > TEXT_MAX) {
            break;
        }
        text = PICK(ACTIONS, step.action)(arena, text, &step);
    }
    return text;
}

/* Of libFuzzer; not there when a corpus is replayed. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t max) __attribute__((weak));

static unsigned next(unsigned *seed) {
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

size_t recipe_mutate(uint8_t *bytes, size_t len, size_t max, size_t head, unsigned seed) {
    if (len < head || next(&seed) % 8 == 0) {
        return LLVMFuzzerMutate(bytes, len, max);
    }
    const size_t steps = (len - head) / STEP_BYTES;
    const size_t whole = head + steps * STEP_BYTES;
    const bool has_room = whole + STEP_BYTES <= max && steps < STEPS_MAX;
    uint8_t *step = bytes + head + (steps == 0 ? 0 : next(&seed) % steps) * STEP_BYTES;
    switch (steps == 0 ? 0 : next(&seed) % 4) {
    case 0:
    case 1: /* one more, somewhere */
        if (has_room) {
            memmove(step + STEP_BYTES, step, (size_t) (bytes + whole - step));
            for (size_t i = 0; i < STEP_BYTES; i++) {
                step[i] = (uint8_t) (i == 2 || i == 4 ? 0 : next(&seed));
            }
            return whole + STEP_BYTES;
        }
        break;
    case 2: /* one fewer */
        memmove(step, step + STEP_BYTES, (size_t) (bytes + whole - step - STEP_BYTES));
        return whole - STEP_BYTES;
    default: break;
    }
    if (steps > 0) {
        step[next(&seed) % STEP_BYTES] = (uint8_t) next(&seed);
    }
    return whole;
}
