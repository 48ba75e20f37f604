// Shows /openapi.json with Swagger UI. A key that was entered at / goes with the requests.
"use strict";

function storedKey() {
  try {
    return sessionStorage.getItem("preheat-key") || "";
  } catch {
    return "";
  }
}

// The class that Swagger UI's style sheet has for dark colours.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

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
