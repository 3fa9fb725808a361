# add_unit_test(NAME LIBRARY...): tests/<folder>/NAME.c with cmocka; the name without "test_" is the
# folder's own business. Labels: the folder's name.
function(add_unit_test name)
    add_executable(${name} ${name}.c)
    target_link_libraries(${name} PRIVATE ${ARGN} PkgConfig::cmocka)
    get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
    add_test(NAME ${folder}/${name} COMMAND ${name})
    set_tests_properties(${folder}/${name} PROPERTIES LABELS "unit" TIMEOUT 120)
endfunction()

# add_fuzz_target(NAME LIBRARY...): tests/fuzz/NAME.c with LLVMFuzzerTestOneInput. Built by any
# compiler with standalone.c, it replays tests/fuzz/corpus/NAME; with -DFUZZ=ON (clang) it fuzzes.
function(add_fuzz_target name)
    add_executable(${name} ${name}.c)
    target_link_libraries(${name} PRIVATE ${ARGN})
    if(FUZZ)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
        target_sources(${name} PRIVATE standalone.c)
        add_test(NAME fuzz/${name} COMMAND ${name} ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
        set_tests_properties(fuzz/${name} PROPERTIES LABELS "unit" TIMEOUT 120)
    endif()
endfunction()
