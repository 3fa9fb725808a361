#include "base/bus.h"

#include "tests/support/fixture.h"

struct ear {
    int heard;
    int64_t last;
};

static void listen(void *self, const struct bus_message *message) {
    struct ear *ear = self;
    ear->heard++;
    ear->last = message->positions[0];
}

static void every_subscriber_hears_every_hint(void **state) {
    (void) state;
    AUTO(process_bus_free) struct bus *bus = process_bus_new();
    struct ear first = {0};
    struct ear second = {0};
    const struct bus_message message = {.kind = BUS_STREAM, .stream = STR("s"), .positions = {7}};
    bus->publish(bus, &message);
    bus->subscribe(bus, listen, &first);
    bus->publish(bus, &message);
    bus->subscribe(bus, listen, &second);
    bus->publish(bus, &message);
    assert_int_equal(first.heard, 2);
    assert_int_equal(second.heard, 1);
    assert_int_equal(second.last, 7);
    assert_true(bus->is_alive(bus));
}

struct echo {
    struct bus *bus;
    int heard;
};

static void answer_once(void *self, const struct bus_message *message) {
    struct echo *echo = self;
    if (echo->heard++ == 0) {
        echo->bus->publish(echo->bus, message);
    }
}

static void a_receiver_may_publish(void **state) {
    (void) state;
    AUTO(process_bus_free) struct bus *bus = process_bus_new();
    struct echo echo = {bus, 0};
    bus->subscribe(bus, answer_once, &echo);
    bus->publish(bus, &(struct bus_message){.kind = BUS_HEADS});
    assert_int_equal(echo.heard, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(every_subscriber_hears_every_hint),
        SENTENCE(a_receiver_may_publish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
