// Shows /openapi.json with Swagger UI. A key that was entered at / goes with the requests.
"use strict";

function storedKey() {
  try {
    return sessionStorage.getItem("preheat-key") || "";
  } catch {
    return "";
  }
}

window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  displayRequestDuration: true,
  tryItOutEnabled: false,
  validatorUrl: null,
  requestInterceptor: (request) => {
    const key = storedKey();
    if (key) request.headers.Authorization = `Bearer ${key}`;
    return request;
  },
});
