# Bundles the pages with esbuild (Debian's, no npm) and embeds them with the API document. Included
# by gateway/CMakeLists.txt, because a generated source belongs to the folder of its target.
find_program(ESBUILD esbuild REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(web_source ${CMAKE_CURRENT_SOURCE_DIR}/web)
set(web_bundle ${CMAKE_CURRENT_BINARY_DIR}/web)
set(web_scripts
    console.ts
    login.ts
    messenger.ts
    plain.ts
    post.ts
    welcome.ts
)
set(web_modules
    api.ts
    connections.ts
    dialog.ts
    dom.ts
    domains.ts
    footer.ts
    form.ts
    format.ts
    history.ts
    live.ts
    notice.ts
    people.ts
    receipts.ts
    saml_connect.ts
    saml_keys.ts
    saml_page.ts
    saml_presets.ts
    saml_provider.ts
    saml_reasons.ts
    saml_refusals.ts
    saml_settings.ts
    saml_source.ts
    section.ts
    table.ts
    tokens.ts
    types.ts
)
set(web_pages
    console.html
    error.html
    logged-out.html
    login.html
    messenger.html
    welcome.html
)
set(web_inputs)
foreach(script ${web_scripts} ${web_modules})
    list(APPEND web_inputs ${web_source}/src/${script})
endforeach()
set(web_outputs ${web_bundle}/app.css)
set(web_entries ${web_source}/css/app.css)
set(web_assets /assets/app.css=${web_bundle}/app.css)
foreach(script ${web_scripts})
    string(REPLACE .ts .js bundle ${script})
    list(APPEND web_outputs ${web_bundle}/${bundle})
    list(APPEND web_entries ${web_source}/src/${script})
    list(APPEND web_assets /assets/${bundle}=${web_bundle}/${bundle})
endforeach()
add_custom_command(
    OUTPUT ${web_outputs}
    COMMAND ${ESBUILD} ${web_entries} --bundle --minify --format=iife --target=es2021
            --charset=utf8 --log-level=warning --entry-names=[name] --outdir=${web_bundle}
    DEPENDS ${web_inputs} ${web_source}/css/app.css ${web_source}/tsconfig.json
    COMMENT "Bundling the pages"
    VERBATIM
)

list(APPEND web_assets
    /=${web_source}/html/messenger.html
    /api/v1/openapi.json=${CMAKE_CURRENT_SOURCE_DIR}/openapi/openapi.json
    /assets/icon.svg=${web_source}/html/icon.svg
    /console=${web_source}/html/console.html
    /error=${web_source}/html/error.html
    /logged-out=${web_source}/html/logged-out.html
    /login=${web_source}/html/login.html
    /welcome=${web_source}/html/welcome.html
)
list(TRANSFORM web_pages PREPEND ${web_source}/html/)
add_custom_command(
    OUTPUT ${web_bundle}/assets.c
    COMMAND ${Python3_EXECUTABLE} ${web_source}/embed.py ${web_bundle}/assets.c ${web_assets}
    DEPENDS ${web_outputs} ${web_pages} ${web_source}/html/icon.svg ${web_source}/embed.py
            ${CMAKE_CURRENT_SOURCE_DIR}/openapi/openapi.json
    COMMENT "Embedding the pages"
    VERBATIM
)
target_sources(gateway PRIVATE
    ${web_bundle}/assets.c
    web/page.c
)
