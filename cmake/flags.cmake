# One INTERFACE target that every folder's library links: include root, language, warnings.
add_library(flags INTERFACE)
target_include_directories(flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(flags INTERFACE _GNU_SOURCE)
target_link_libraries(flags INTERFACE Threads::Threads)
target_compile_options(flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wcast-qual -Wcast-align
    -Wpointer-arith -Wundef -Wvla -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough
    -Wnull-dereference -Wdouble-promotion -Wredundant-decls -Wnested-externs
    -fstack-protector-strong -fno-common -fvisibility=hidden)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(flags INTERFACE
        -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wformat-signedness -Walloc-zero
        -Wtrampolines -Warith-conversion)
else()
    target_compile_options(flags INTERFACE
        -Wcomma -Wloop-analysis -Wassign-enum -Wunreachable-code-aggressive
        -Wconditional-uninitialized)
endif()
if(WERROR)
    target_compile_options(flags INTERFACE -Werror)
endif()
if(SANITIZE)
    target_compile_options(flags INTERFACE
        -fsanitize=${SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(flags INTERFACE -fsanitize=${SANITIZE})
    target_compile_definitions(flags INTERFACE ARENA_DEBUG)
endif()
if(COVERAGE)
    target_compile_options(flags INTERFACE --coverage -fprofile-update=atomic) # threads count, too
    target_link_options(flags INTERFACE --coverage)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_definitions(flags INTERFACE _FORTIFY_SOURCE=2)
    target_compile_options(flags INTERFACE -fstack-clash-protection -fcf-protection -fPIE)
    target_link_options(flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
